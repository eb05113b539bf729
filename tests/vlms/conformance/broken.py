"""Adapters that are wrong in one way each, and the checks that must say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from PIL import Image

from harness.core.errors import DataError
from harness.vlms.base import VisualTokens
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.readout import VocabularyReadout
from tests.vlms.conformance.toy import CELL, DEPTH, EPS, GRID, ToyVlm


class Redeclared(ToyVlm):
    """Says something else of a view than what it does."""

    view: ClassVar[str]

    def layout(self, width: int, height: int) -> TokenLayout:
        right = super().layout(width, height)
        return right.model_copy(
            update={"views": {**right.views, self.view: self.wrong(right.view(self.view))}}
        )

    def wrong(self, view: Geometry) -> Geometry:
        raise NotImplementedError


class Transposed(Redeclared):
    """Rows and columns of the grid swapped."""

    view = "tiles"

    def wrong(self, view: Geometry) -> Geometry:
        return view.model_copy(update={"grid": view.grid[::-1]})


class RowByRow(Redeclared):
    """Tiles read as if they were one picture, row by row."""

    view = "tiles"

    def wrong(self, view: Geometry) -> Geometry:
        return view.model_copy(update={"tile": None})


class Stretched(Redeclared):
    """The centre of the image taken for all of it."""

    view = "tiles"

    def wrong(self, view: Geometry) -> Geometry:
        squash = Geometry.squash(view.image_size, view.canvas, view.grid)
        return squash.model_copy(update={"first_token": view.first_token, "tile": view.tile})


class Shifted(Redeclared):
    """Placed one cell too far to the right."""

    view = "tiles"

    def wrong(self, view: Geometry) -> Geometry:
        left, top, right, bottom = view.placed
        return view.model_copy(update={"placed": (left + CELL, top, right + CELL, bottom)})


class ClassTokenCounted(Redeclared):
    """The class token taken for the first cell, and each row's last cell for a separator."""

    view = "global"

    def wrong(self, view: Geometry) -> Geometry:
        return view.model_copy(update={"first_token": 0})


class Overlapping(Redeclared):
    """A view that claims tokens of another one, though rightly."""

    view = "global"

    def layout(self, width: int, height: int) -> TokenLayout:
        right = ToyVlm.layout(self, width, height)
        return right.model_copy(
            update={"views": {**right.views, "again": self.wrong(right.view("global"))}}
        )

    def wrong(self, view: Geometry) -> Geometry:
        upper = view.trimmed((view.canvas[0], view.canvas[1] // 2))
        return upper.model_copy(update={"grid": (GRID[0] // 2, GRID[1])})


class OtherGeometry(ToyVlm):
    """What it says of the view alone is not what it says of the image."""

    def geometry(self, width: int, height: int) -> Geometry:
        return super().geometry(width, height).model_copy(update={"fill": (1, 2, 3)})


class OneMore(ToyVlm):
    """Announces a separator that is not there."""

    def layout(self, width: int, height: int) -> TokenLayout:
        right = super().layout(width, height)
        return right.model_copy(update={"total": right.total + 1})


class ColouredSeparators(ToyVlm):
    """Ends rows with the mean of the image."""

    def visual(self, image: Image.Image) -> torch.Tensor:
        tokens = super().visual(image)
        ends = torch.tensor([(row + 1) * (GRID[1] + 1) for row in range(GRID[0])])
        tokens[ends] += tokens.mean(0)
        return tokens


class BlindEncoder(ToyVlm):
    """Gives every image the features of none."""

    def patches(self, image: Image.Image) -> torch.Tensor:
        return torch.zeros_like(super().patches(image))


class Changed(ToyVlm):
    """Changes states on their way out."""

    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        right = super().encode(image, layers)
        states = {layer: self.changed(layer, state) for layer, state in right.states.items()}
        return VisualTokens(states=states, geometry=right.geometry)

    def changed(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class NormedLast(Changed):
    """Applies the final norm to the last layer."""

    def changed(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        return self.readout().normalise(states) if layer == DEPTH else states


class LayerTooEarly(Changed):
    """Gives the last layer's states a block too early."""

    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        shown = {layer: layer - 1 if layer == DEPTH else layer for layer in set(layers)}
        right = ToyVlm.encode(self, image, layers and list(shown.values()))
        states = {layer: right.states[source] for layer, source in shown.items()}
        return VisualTokens(states=states, geometry=right.geometry)


class NotANumber(Changed):
    """One NaN at one layer."""

    def changed(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        if layer == 2:
            states[5, 3] = torch.nan
        return states


class Noisy(Changed):
    """Never the same bits twice, as with dropout."""

    def changed(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        return states * (1 + 1e-6 * torch.rand_like(states)) if layer == DEPTH else states


class CalledBidirectional(ToyVlm):
    """Causal, and says it is not."""

    declared = "bidirectional"


class CalledCausal(ToyVlm):
    """Image tokens see later ones, and it says they do not."""

    attention = "bidirectional"
    declared = "causal"


class GainForgotten(ToyVlm):
    """Forgets the gain of the final norm."""

    def readout(self) -> VocabularyReadout:
        return VocabularyReadout("rms", EPS, None, None, self.embed, self.unembed)


class PaddingSeen(ToyVlm):
    """States of texts in a batch depend on the longest of them."""

    def text_states(
        self, ids: torch.Tensor, layers: Sequence[int], **options: Any
    ) -> dict[int, torch.Tensor]:
        states = super().text_states(ids, layers, **options)
        if len(ids) == 1:
            return states
        return {layer: tensor + 0.01 * tensor.mean() for layer, tensor in states.items()}


class FutureSeen(ToyVlm):
    """States of a text depend on all its words, though not on padding."""

    def text_states(
        self, ids: torch.Tensor, layers: Sequence[int], **options: Any
    ) -> dict[int, torch.Tensor]:
        states = super().text_states(ids, layers, **options)
        words = self.embed[ids] * (ids != 0)[..., None]
        return {layer: tensor + 0.01 * words.sum(1)[:, None] for layer, tensor in states.items()}


class Clamped(ToyVlm):
    """Takes the nearest layer for one that it does not have."""

    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        nearest = {layer: min(max(layer, 0), DEPTH) for layer in layers}
        right = super().encode(image, list(nearest.values()))
        states = {layer: right.states[near] for layer, near in nearest.items()}
        return VisualTokens(states=states, geometry=right.geometry)


class Refusing(ToyVlm):
    """Does not take tall images."""

    def layout(self, width: int, height: int) -> TokenLayout:
        if height > width:
            raise DataError(f"image of {width}x{height}: expected a wide one")
        return super().layout(width, height)


PICTURED = frozenset(
    {
        "token count",
        "view coverage",
        "painted cell",
        "separators",
        "finite states",
        "determinism",
        "readout",
    }
)
"""Checks that are made on every picture."""

BROKEN: Mapping[type[ToyVlm], frozenset[str]] = MappingProxyType(
    {
        Transposed: frozenset({"painted cell"}),
        RowByRow: frozenset({"painted cell"}),
        Stretched: frozenset({"painted cell"}),
        Shifted: frozenset({"painted cell"}),
        BlindEncoder: frozenset({"painted cell"}),
        # Cells at the end of rows become separators, and those have an image.
        ClassTokenCounted: frozenset({"painted cell", "separators"}),
        ColouredSeparators: frozenset({"separators"}),
        Overlapping: frozenset({"view coverage"}),
        OneMore: frozenset({"token count"}),
        OtherGeometry: frozenset({"view coverage"}),
        NormedLast: frozenset({"readout"}),
        LayerTooEarly: frozenset({"readout"}),
        GainForgotten: frozenset({"readout"}),
        NotANumber: frozenset({"finite states"}),
        Noisy: frozenset({"determinism"}),
        CalledBidirectional: frozenset({"image attention"}),
        CalledCausal: frozenset({"image attention"}),
        PaddingSeen: frozenset({"padding"}),
        FutureSeen: frozenset({"text causality"}),
        Clamped: frozenset({"layer range"}),
        Refusing: PICTURED,
    }
)
"""Every broken adapter, and all checks that fail on it."""
