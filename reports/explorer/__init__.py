"""The explorer's words and pictures, packed to fit a size."""

from reports.explorer.book import Explorer, ExplorerSource, Picture
from reports.explorer.budget import BUDGET_BYTES, build_explorer

__all__ = ["BUDGET_BYTES", "Explorer", "ExplorerSource", "Picture", "build_explorer"]
