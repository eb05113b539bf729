"""All visual tokens of one image: which belong to which view, and which are separators."""

from __future__ import annotations

from typing import Final, Literal

from harness.core.errors import UsageError
from harness.core.records import Record
from harness.vlms.geometry import Geometry

ViewName = Literal["global", "tiles"]
"""The whole image at once, or its high-resolution parts."""

VIEWS: Final[tuple[ViewName, ...]] = ("global", "tiles")


class TokenLayout(Record):
    """The visual tokens of an image in the order of the sequence, and the views they form."""

    total: int
    """Positions with the image placeholder's id, separators among them included."""
    views: dict[str, Geometry]
    """Name to grid; ``global`` always, ``tiles`` if the model also sees enlarged parts."""

    @classmethod
    def single(cls, geometry: Geometry) -> TokenLayout:
        """Return the layout of a model that sees one grid and nothing else."""
        return cls(total=geometry.first_token + geometry.tokens, views={"global": geometry})

    def view(self, name: str) -> Geometry:
        """Return the grid of a view; UsageError listing those of this model for another name."""
        if name not in self.views:
            raise UsageError(f"view {name!r}: this model has {', '.join(self.views)}")
        return self.views[name]

    @property
    def separators(self) -> tuple[int, ...]:
        """Indices of visual tokens that no view claims: they stand for no part of the image."""
        claimed = {index for geometry in self.views.values() for index in geometry.token_indices()}
        return tuple(index for index in range(self.total) if index not in claimed)
