"""Checks of what a token sees: later image tokens, later text, padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import torch

from harness.core.errors import LensbenchError
from harness.core.records import Box
from harness.vlms.base import Adapter
from harness.vlms.conformance.painting import SHARE, image_cells, relative_change
from harness.vlms.conformance.states import accepted_difference
from harness.vlms.conformance.trial import Outcome, Trial, outcome, painted

_MOVED: Final = 1e-5
"""Smallest relative change of a state that counts as having seen a later token."""

_TEXTS: Final = (
    "a red ball lies on the green grass",
    "a red ball rolls past two old wooden houses by the lake",
    "there is a tall tree",
)
"""Texts of different lengths; the first two share their beginning."""

States = dict[int, torch.Tensor]
"""Layer to [tokens, d]."""


def image_attention(trial: Trial) -> Iterator[Outcome]:
    """Paint cells of the last tokens and see whether tokens before them change in the blocks.

    Patches do not see each other inside the encoder, so that what earlier tokens know of the
    painted cells they learned in the language model.
    """
    declared = trial.adapter.facts.image_attention
    last = trial.last
    boxes = _last_boxes(trial)
    with trial.adapter.isolated():
        before = trial.adapter.encode(trial.image, (0, last)).states
        # Where nearly all tokens see the last quarter, as in few large cells, one cell must do.
        for count in (len(boxes) // 4, 1):
            image = painted(trial.image, boxes[:count], SHARE)
            after = trial.adapter.encode(image, (0, last)).states
            changed = (after[0] != before[0]).any(-1).nonzero()
            first = int(changed[0]) if len(changed) else 0
            if first > 0:
                break
        else:
            yield Outcome("not applicable", "no token stands before the first that was painted")
            return
    moved = float(relative_change(after[last][:first], before[last][:first]).max())
    found = "bidirectional" if moved > _MOVED else "causal"
    yield outcome(
        found == declared,
        f"{found}, declared {declared}: {first} earlier tokens moved by up to {moved:.1g}",
    )


def text_causality(trial: Trial) -> Iterator[Outcome]:
    """See whether a token's states depend on the text behind it, and what a library may share."""
    layers, accepted = _layers(trial), accepted_difference(trial)
    ids = _ids(trial.adapter, _TEXTS[0])
    half = len(ids) // 2
    other = torch.cat([ids[:half], ids[half:].flip(0)])
    whole = _alone(trial.adapter, ids, layers)
    moved = max(
        _distance(_cut(_alone(trial.adapter, text, layers), half), _cut(whole, half))
        for text in (ids[:half], other)
    )
    if not moved <= accepted:
        yield outcome(False, f"states changed by {moved:.1g}, accepted {accepted:.0e}")
        return
    sharing = "prefix trees" if _trees(trial, ids, whole) else "prefixes, one text per row"
    yield outcome(True, f"states changed by {moved:.1g}; libraries can share {sharing}")


def padding(trial: Trial) -> Iterator[Outcome]:
    """Run texts of different lengths in one batch padded on the right, and each alone."""
    layers, accepted = _layers(trial), accepted_difference(trial)
    texts = [_ids(trial.adapter, text) for text in _TEXTS]
    batch = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
    together = trial.adapter.text_states(batch, layers)
    moved = max(
        _distance(
            {layer: states[row, : len(text)] for layer, states in together.items()},
            _alone(trial.adapter, text, layers),
        )
        for row, text in enumerate(texts)
    )
    yield outcome(moved <= accepted, f"states changed by {moved:.1g}, accepted {accepted:.0e}")


def _last_boxes(trial: Trial) -> list[Box]:
    """Return the boxes of all cells that show image, the one of the last token first."""
    found = {
        view.token_index(*cell): view.cell_box(*cell)
        for view in trial.layout.views.values()
        for cell in image_cells(view)
    }
    return [found[index] for index in sorted(found, reverse=True)]


def _trees(trial: Trial, ids: torch.Tensor, whole: States) -> bool:
    """Tell whether a text behind another in one row, blind to it, has the states of it alone."""
    length, layers = len(ids), tuple(whole)
    attends = torch.ones(2 * length, 2 * length, dtype=torch.bool).tril()
    attends[length:, :length] = False
    row = torch.cat([(ids + 1) % trial.adapter.facts.vocabulary, ids])
    keep = torch.arange(2 * length) >= length
    try:
        found = trial.adapter.text_states(
            row[None],
            layers,
            positions=torch.arange(length).repeat(2)[None],
            attends=attends[None],
            keep=keep[None],
        )
    except LensbenchError:
        return False
    return _distance(found, whole) <= accepted_difference(trial)


def _layers(trial: Trial) -> tuple[int, ...]:
    return tuple(sorted({0, trial.last // 2, trial.last}))


def _ids(adapter: Adapter, text: str) -> torch.Tensor:
    return torch.tensor(adapter.tokenizer.encode(text))


def _alone(adapter: Adapter, ids: torch.Tensor, layers: Sequence[int]) -> States:
    return {layer: states[0] for layer, states in adapter.text_states(ids[None], layers).items()}


def _cut(states: States, length: int) -> States:
    return {layer: tensor[:length] for layer, tensor in states.items()}


def _distance(found: States, right: States) -> float:
    """Return how far states are from the right ones, on average over tokens, at the worst layer."""
    return max(float(relative_change(found[layer], right[layer]).mean()) for layer in right)
