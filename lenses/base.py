"""The lens protocol: what a lens is given, what it says it needs, what it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from harness.core.records import LensKind, Record

if TYPE_CHECKING:
    import torch

    from lenses.library.search import LibrarySearch
    from lenses.library.store import Library

Need = Literal["readout", "library"]


class LensCard(Record):
    """What a lens is, for lists, reports and checks before a run."""

    name: str
    """Registered name."""
    kind: LensKind
    """Lens under test or control."""
    summary: str
    """One sentence: what it compares with what."""
    source: str
    """Paper and equation or section it follows."""
    needs: tuple[Need, ...]
    """Artefacts it must be given."""
    unit: Literal["token", "word", "sentence"]
    """What one description is."""
    similarity: Literal["cosine", "dot", "none"]
    """Score between query and candidate."""


class Readout(Protocol):
    """The model's own vocabulary maps, owned by the model and read by lenses."""

    embed: torch.Tensor
    """Input embedding matrix [vocabulary, d], float32."""
    unembed: torch.Tensor
    """Output matrix [vocabulary, d], float32."""

    def normalise(self, states: torch.Tensor) -> torch.Tensor:
        """Apply the final norm to [..., d] residual states."""
        ...

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Return [..., vocabulary] logits of un-normed [..., d] states."""
        ...

    def uncapped(self, states: torch.Tensor) -> torch.Tensor:
        """Return the same before the cap that some models put on their logits."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of all tensors."""
        ...


class OpenLibrary(Protocol):
    """Opens the reference library, and builds it on first use."""

    def __call__(self, fraction: float = 1.0) -> Library:
        """Return the library of a share of the corpus' phrases."""
        ...


@dataclass(frozen=True, slots=True)
class LensContext:
    """What a lens may read while it is prepared."""

    readout: Readout
    """Final norm, input and output matrices."""
    vocabulary: tuple[str, ...]
    """Every id decoded alone, leading space kept."""
    library: OpenLibrary
    """Opens (and on first use builds) the reference library."""
    search: Callable[[Library], LibrarySearch]
    """Prepares a library for search; one preparation serves all lenses."""
    seed: int
    """Seed of anything random; draws are keyed by patch id, so order does not matter."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Visual states of one layer together with the patches they belong to."""

    states: torch.Tensor
    """Residual stream before the final norm, [n, d] float32."""
    layer: int
    """Visual layer."""
    patch_ids: tuple[str, ...]
    """One per row."""
    image_ids: tuple[str, ...]
    """One per row."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One answer of a lens; the pipeline adds patch, lens, layer and rank."""

    token: str
    token_id: int
    word: str
    score: float
    source_layer: int | None
    context: str
    start: int
    end: int


class Lens(Protocol):
    """A lens as the pipeline sees it."""

    card: LensCard

    def prepare(self, context: LensContext) -> None:
        """Read what is needed once; raises MismatchError if artefacts do not belong together."""
        ...

    def describe(self, queries: Queries, k: int) -> Sequence[Sequence[Neighbour]]:
        """Return up to k neighbours per row of ``queries``, best first."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of everything that decides the answers."""
        ...
