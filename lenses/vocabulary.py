"""Vocabulary rows as candidates: input embeddings, and output rows with scale and bias."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch

from harness.core.errors import MismatchError
from harness.core.ids import digest
from lenses.base import LensContext, Neighbour, Readout
from lenses.options import VocabularyOptions
from lenses.retrieval import CandidateGroup, Candidates, RetrievalLens

_PROBES = 4


class VocabularyLens(RetrievalLens):
    """A lens whose candidates are rows of a vocabulary matrix: all, or those of library words."""

    options: type[VocabularyOptions] = VocabularyOptions

    def __init__(self, options: VocabularyOptions | None = None) -> None:
        self._options = options or VocabularyOptions()
        if self._options.matched:
            self.card = self.card.model_copy(update={"needs": (*self.card.needs, "library")})

    @abstractmethod
    def matrix(self, readout: Readout) -> torch.Tensor:
        """Return the rows [vocabulary, d'] that states are compared with."""

    def candidates(self, context: LensContext) -> Candidates:
        """Return the rows of the matrix."""
        readout = context.readout
        only = library_ids(context) if self._options.matched else None
        rows = self.matrix(readout)
        return vocabulary_candidates(rows, context.vocabulary, readout.fingerprint(), only)


def vocabulary_candidates(
    vectors: torch.Tensor,
    vocabulary: Sequence[str],
    fingerprint: str,
    only: torch.Tensor | None = None,
) -> Candidates:
    """Return one group with a row per id that the tokenizer can decode.

    Rows beyond the vocabulary (padding of the matrix) have no text and are left out.

    Args:
        vectors: [rows, d].
        vocabulary: Text of each id decoded alone, leading space kept.
        fingerprint: Hash of what ``vectors`` come from.
        only: Ids to choose from, ascending [r] int64; all by default.

    Raises:
        MismatchError: There are fewer rows than ids.
    """
    if len(vectors) < len(vocabulary):
        raise MismatchError(
            f"readout has {len(vectors)} rows, the vocabulary {len(vocabulary)} tokens: "
            "they belong to different models"
        )

    ids = list(range(len(vocabulary))) if only is None else only.tolist()

    def neighbour(index: int, score: float) -> Neighbour:
        token = vocabulary[ids[index]]
        return Neighbour(
            token=token,
            token_id=ids[index],
            word=token.strip() or token,
            score=score,
            source_layer=None,
            context="",
            start=0,
            end=0,
        )

    rows = vectors[: len(vocabulary)] if only is None else vectors[only]
    group = CandidateGroup(rows, None, neighbour)
    return Candidates((group,), digest([fingerprint, list(vocabulary), ids]))


def library_ids(context: LensContext) -> torch.Tensor:
    """Return the token ids that occur in the reference library and the vocabulary, ascending."""
    column = context.library().rows.column("token_id").to_numpy(zero_copy_only=False)
    ids: torch.Tensor = torch.unique(torch.from_numpy(column.astype("int64")))
    return ids[ids < len(context.vocabulary)]


def output_rows(readout: Readout) -> torch.Tensor:
    """Return [vocabulary, d + 1] rows whose dot product with [normalised state, 1] is the logit.

    The last column is the logit's bias and the rest carries its scale; both are read off
    ``readout.uncapped`` on random states, so any readout of the form scale * (rows h + bias) is
    met. A cap on the logits keeps their order and is left out.

    Raises:
        MismatchError: The logits are no such function of the normalised state.
    """
    generator = torch.Generator().manual_seed(0)
    probes = torch.randn(_PROBES, readout.unembed.shape[1], generator=generator)
    dots = (readout.normalise(probes) @ readout.unembed.T).double()
    logits = readout.uncapped(probes).double()
    tolerance = 1e-4 * float(logits.abs().max())
    if torch.allclose(dots, logits, rtol=0.0, atol=tolerance):
        return torch.nn.functional.pad(readout.unembed, (0, 1))
    run, rise = dots - dots.mean(dim=0), logits - logits.mean(dim=0)
    scale = float((run * rise).sum() / (run * run).sum())
    bias = (logits - scale * dots).mean(dim=0)
    if not torch.allclose(scale * dots + bias, logits, rtol=0.0, atol=tolerance):
        raise MismatchError(
            "readout.uncapped is not scale * (unembed normalise(h) + bias): "
            "the logit lens needs an affine output map"
        )
    return torch.cat([scale * readout.unembed, bias.float()[:, None]], dim=1)
