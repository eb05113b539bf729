"""What is left out of the explorer first when it does not fit, and how the page says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

_FEWER: Final = (3, 2, 1)


@dataclass(frozen=True, slots=True)
class Rung:
    """How much is shown; the same for every run of a page.

    Browse cells are those that are described and were not sampled, so that no judge was asked
    about them. Sampled cells keep everything as long as their image is shown.
    """

    scores: bool
    """Whether browse cells keep their scores."""
    words: int
    """Words of a lens for a browse cell at most."""
    browse: int
    """First images of every run of which browse cells are shown."""
    images: int
    """First images of every run that are shown."""


def rungs(words: int, browse: int, images: int) -> list[Rung]:
    """Return all rungs from everything down to the first image of every run.

    Each shows less than the one before: browse cells lose their scores, then words after the
    third, second and first, then they go, from the last image on; then images go likewise.

    Args:
        words: Words of a lens for a cell at most.
        browse: Images up to the last one with browse cells.
        images: Images.
    """
    found = [Rung(True, words, browse, images)]
    if browse:
        fewer = (words, *(each for each in _FEWER if each < words))
        found += [Rung(False, each, browse, images) for each in fewer]
        found += [replace(found[-1], browse=each) for each in range(browse - 1, -1, -1)]
    return found + [replace(found[-1], images=each) for each in range(images - 1, 0, -1)]


def note(rung: Rung, full: Rung, *, judged: bool, runs: int) -> str:
    """Return in one sentence what ``rung`` leaves out of ``full``; empty if nothing.

    Args:
        rung: What is shown.
        full: Everything.
        judged: Whether any judge was asked.
        runs: Runs of the page.
    """
    others = "Cells that no judge was asked about" if judged else "Cells that were not sampled"
    asked = "cells that a judge was asked about" if judged else "sampled cells"
    of_runs = " of every run" if runs > 1 else ""
    words = f"their first {rung.words} of {full.words} words"
    if rung.words == 1:
        words = f"the first of their {full.words} words"
    if rung.images < full.images:
        only = f", and of them only the {asked}" if full.browse else ""
        shown = "image" if rung.images == 1 else f"{rung.images} images"
        return f"Only the first {shown}{of_runs} of {full.images} fit the page{only}."
    if not rung.browse < full.browse:
        if rung.words < full.words:
            return f"{others} show {words}, without scores."
        return "" if rung.scores else f"{others} are shown without scores."
    if not rung.browse:
        return f"Only the {asked} fit the page."
    where = "image" if rung.browse == 1 else f"{rung.browse} images"
    what = words if rung.words < full.words else "their words"
    return f"{others} are shown for the first {where}{of_runs} only, with {what} and no scores."
