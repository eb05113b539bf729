"""Building a library against ``latentlens.build_index`` on the same rows, in memory.

``python -m benchmarks.build --phrases 10000 --precision bfloat16``; needs ``latentlens==0.1.0``.
Both take phrases, a loaded model and a tokenizer to the vectors of all rows at all layers; the
model is random, since speed does not depend on its weights. The peer's own default is float32.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import torch
from latentlens import ContextualIndex, build_index
from transformers.utils import logging

from benchmarks.alternate import alternate
from benchmarks.phrases import caption_like, published_sentences, save_llama, train_tokenizer
from harness.vlms.text import CausalTextModel
from lenses.library.encode import encode_part
from lenses.library.packs import PACKINGS, Packing
from lenses.library.plan import Plan, part_bounds, plan_rows
from lenses.library.sharing import measure_packing
from lenses.library.tokenise import TokenisedCorpus, tokenise

CAP = 50
PART_ROWS = 16_384


@dataclass
class Ours:
    """Our side: tokenise, plan, pack and encode."""

    model: CausalTextModel
    phrases: Sequence[str]
    layers: tuple[int, ...]
    packing: Packing | None = None
    positions: int = 0
    tokenised: TokenisedCorpus = field(init=False)
    plan: Plan = field(init=False)
    states: list[dict[int, torch.Tensor]] = field(init=False)

    def __call__(self) -> None:
        """Build everything anew, the probe of the model included."""
        encoder = self.model.text_states
        self.positions = 0
        self.tokenised = tokenise(self.phrases, self.model.tokenizer)
        self.plan = plan_rows(self.tokenised, "first", CAP)
        longest = int(self.plan.positions.max()) + 1
        packing = self.packing or measure_packing(
            encoder, self.model.facts.vocabulary, self.layers, longest=longest
        )
        self.states = [
            encode_part(
                encoder, self.tokenised, self.plan, start, stop, self.layers, packing,
                advance=self._advance,
            )
            for start, stop in part_bounds(self.plan, PART_ROWS)
        ]  # fmt: skip

    def vectors(self, layer: int) -> torch.Tensor:
        """Return all rows of a layer at unit length, in plan order."""
        return torch.nn.functional.normalize(torch.cat([part[layer] for part in self.states]))

    def keys(self) -> list[tuple[str, int, int]]:
        """Return (phrase, position, token id) of every row, in plan order."""
        flat = self.tokenised.starts[self.plan.phrases] + self.plan.positions
        texts = (self.phrases[index] for index in self.plan.phrases.tolist())
        return list(
            zip(
                texts,
                self.plan.positions.tolist(),
                self.tokenised.ids[flat].tolist(),
                strict=True,
            )
        )

    def _advance(self, positions: int) -> None:
        self.positions += positions


def compare(ours: Ours, index: ContextualIndex, layers: Sequence[int]) -> str:
    """Return how the vectors differ; ClickException if the rows are not the same."""
    found: dict[int, dict[str, Any]] = index._layers_data
    theirs = {
        (row["caption"], row["position"], row["token_id"]): number
        for number, row in enumerate(found[layers[0]]["metadata"])
    }
    keys = ours.keys()
    if set(keys) != set(theirs) or len(keys) != len(theirs):
        raise click.ClickException(
            f"{len(set(keys) ^ set(theirs))} of {len(theirs)} rows are not the same"
        )
    order = torch.tensor([theirs[key] for key in keys])
    largest, cosine = 0.0, 1.0
    for layer in layers:
        expected, vectors = found[layer]["embeddings"][order], ours.vectors(layer)
        largest = max(largest, float((vectors - expected).abs().max()))
        cosine = min(cosine, float((vectors * expected).sum(1).min()))
    return (
        f"same {len(keys)} rows x {len(layers)} layers; "
        f"max abs diff {largest:.2g}, min cosine {cosine:.6f}"
    )


@click.command()
@click.option("--phrases", default=10_000, show_default=True)
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="bfloat16")
@click.option("--peer-precision", type=click.Choice(["float32", "bfloat16"]), default="float32")
@click.option("--packing", type=click.Choice(PACKINGS), help="Instead of what the probe says.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--hidden", default=256, show_default=True)
@click.option("--layers", default=8, show_default=True)
@click.option("--threads", default=torch.get_num_threads(), show_default=True)
def main(
    phrases: int,
    precision: str,
    peer_precision: str,
    packing: Packing | None,
    rounds: int,
    hidden: int,
    layers: int,
    threads: int,
) -> None:
    """Time both in turns and print the ratios of their times."""
    torch.set_num_threads(threads)
    progress_bars: Any = logging
    progress_bars.disable_progress_bar()
    sentences = published_sentences()
    corpus = caption_like(sentences, phrases)
    wanted = tuple(range(1, layers + 1))
    with tempfile.TemporaryDirectory() as folder:
        path = save_llama(Path(folder), train_tokenizer(sentences), hidden, layers)
        reference = CausalTextModel(path, peer_precision)
        ours = Ours(CausalTextModel(path, precision), corpus, wanted, packing)

    built: list[ContextualIndex] = []

    def peer() -> None:
        built[:] = [
            build_index(
                "random", corpus, layers=list(wanted), max_contexts_per_token=CAP,
                show_progress=False, model=reference.model, tokenizer=reference.tokenizer,
            )
        ]  # fmt: skip

    ratios = alternate(peer, ours, rounds, each=lambda so_far: click.echo(f"  {so_far}"))
    tokens = len(ours.tokenised.ids)
    click.echo(
        f"{phrases} phrases, {tokens} tokens, hidden {hidden}, {layers} layers, {threads} threads; "
        f"peer in {peer_precision}; ours in {precision} runs {ours.positions} positions "
        f"({ours.positions / tokens:.2f} of the tokens)"
    )
    click.echo(compare(ours, built[0], wanted))
    click.echo(f"build, ours over latentlens 0.1.0: {ratios}")


if __name__ == "__main__":
    main()
