"""Figures as files for papers: SVG always, PNG and PDF with the optional converter."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from harness.core.errors import UsageError, unknown_name
from harness.core.files import write_bytes_atomic
from harness.core.progress import announce
from reports.figures.labels import slug
from reports.figures.records import Figure
from reports.figures.standalone import standalone
from reports.templating import WIDE

FORMATS: Final = ("svg", "png", "pdf")
"""Every format of a figure file."""

PNG_SCALE: Final = 2.5
"""Pixels of a PNG file per CSS pixel: 300 per inch where a figure is 7.2 inches wide."""

_CONVERTER: Final = "vl_convert"
_INSTALL: Final = "pip install 'lensbench[figures]'"


def figure_formats(wanted: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the formats that figures will be written in; call it before anything is computed.

    Args:
        wanted: Formats asked for; None: SVG, and PNG and PDF if the converter is installed (a
            message says so if it is not).

    Raises:
        UsageError: an unknown format, or PNG or PDF asked for without the converter.
    """
    there = find_spec(_CONVERTER) is not None
    if wanted is None:
        if not there:
            announce(f"figures are written as SVG only; for PNG and PDF: {_INSTALL}")
        return FORMATS if there else FORMATS[:1]
    for name in wanted:
        if name not in FORMATS:
            raise unknown_name("figure format", name, FORMATS)
    chosen = tuple(name for name in FORMATS if name in wanted)
    if not there and chosen not in ((), FORMATS[:1]):
        asked = " and ".join(name for name in chosen if name != "svg")
        raise UsageError(
            f"figure format {asked} needs a converter that is not installed: {_INSTALL} "
            "(svg needs none)"
        )
    return chosen


def write_figures(
    figures: Sequence[tuple[str, Figure]], folder: Path, formats: Sequence[str] | None = None
) -> list[Path]:
    """Write figures that need nothing else, with a white background, in the light colours.

    The same figure gives the same SVG file; the converter may order the parts of a PDF otherwise.

    Args:
        figures: File stem and figure. Stems become lower-case ASCII letters, digits and hyphens;
            of equal ones the second gets ``-2``, and so on.
        folder: Made if it is missing; other files in it are left alone.
        formats: As for :func:`figure_formats`.

    Returns:
        The files, figure by figure.

    Raises:
        UsageError: As :func:`figure_formats`; nothing was written then.
        DataError: a file cannot be written.
    """
    chosen = figure_formats(formats)
    written = []
    for stem, figure in zip(file_stems([stem for stem, _ in figures]), figures, strict=True):
        svg = standalone(figure[1], WIDE)
        for name in chosen:
            path = folder / f"{stem}.{name}"
            write_bytes_atomic(path, _converted(svg, name))
            written.append(path)
    return written


def file_stems(names: Sequence[str]) -> list[str]:
    """Return a unique file stem for every name, in order."""
    taken: set[str] = set()
    stems = []
    for name in names:
        first = slug(name)
        stem, count = first, 1
        while stem in taken:
            count += 1
            stem = f"{first}-{count}"
        taken.add(stem)
        stems.append(stem)
    return stems


def _converted(svg: str, name: str) -> bytes:
    if name == "svg":
        return svg.encode()
    import vl_convert

    if name == "png":
        return vl_convert.svg_to_png(svg, scale=PNG_SCALE)
    return vl_convert.svg_to_pdf(svg)
