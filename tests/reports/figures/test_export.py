from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from harness.core.errors import DataError, UsageError
from reports.figures import export
from reports.figures.export import PNG_SCALE, figure_formats, file_stems, write_figures
from reports.figures.palette import LIGHT
from reports.figures.records import Figure
from tests.reports.figures.made_up import ODD, chart, every_kind, layers, odd_figures


def _named(figures: Sequence[Figure]) -> list[tuple[str, Figure]]:
    return [(figure.name, figure) for figure in figures]


def _pixels_of(path: Path, name: str) -> int:
    """Return how many pixels of a picture have a colour of the palette."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    colour = [int(LIGHT[name][i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(pixels - colour).max(axis=1) <= 3).sum())


@pytest.fixture
def no_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "find_spec", lambda name: None)


def test_every_figure_is_written_in_every_format(tmp_path: Path) -> None:
    written = write_figures(_named(every_kind()), tmp_path / "new" / "figures")
    names = [path.name for path in written]
    assert names[:3] == ["by-layer.svg", "by-layer.png", "by-layer.pdf"] and len(names) == 12
    for path in written:
        if path.stem == "by-layer" and path.suffix == ".png":
            assert _pixels_of(path, "s0") > 2000 and _pixels_of(path, "s1") > 2000
        if path.suffix == ".svg":
            ElementTree.parse(path)
        elif path.suffix == ".png":
            with Image.open(path) as picture:
                assert picture.width == 872 * PNG_SCALE
                pixels = np.asarray(picture.convert("RGB"))
            assert picture.width / 7.2 >= 298  # dots per inch at the width of a page's text
            assert (pixels[0, 0] == 255).all()
            assert 0.005 < (pixels < 200).any(axis=-1).mean() < 0.8
        else:
            assert path.read_bytes().startswith(b"%PDF-")


def test_pdf_files_hold_their_text_as_text_with_its_fonts(tmp_path: Path) -> None:
    write_figures([("a", layers())], tmp_path, ["pdf"])
    data = (tmp_path / "a.pdf").read_bytes()
    inflated = data + b"".join(
        zlib.decompressobj().decompress(part)
        for part in re.findall(rb"stream\r?\n(x.+?)endstream", data, re.DOTALL)
    )
    assert re.search(rb"/BaseFont */", inflated) and b"/FontFile" in inflated
    assert re.search(rb"/Subtype */Image", inflated) is None


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_any_text_can_be_written(text: str, tmp_path: Path) -> None:
    figures = _named(odd_figures(text))
    written = write_figures(figures, tmp_path, ["svg", "pdf"])
    assert len(set(written)) == 8
    for path in written:
        assert path.parent == tmp_path and path.stat().st_size > 500


def test_an_empty_figure_is_a_file_too(tmp_path: Path) -> None:
    (path,) = write_figures([("empty", chart())], tmp_path, ["svg"])
    assert "nothing to show" in path.read_text()


def test_the_same_figure_gives_the_same_file(tmp_path: Path) -> None:
    first, second = (
        write_figures([("a", layers())], tmp_path / name, ["svg"])[0] for name in ("1", "2")
    )
    assert first.read_bytes() == second.read_bytes()


def test_file_names_are_unique_and_plain() -> None:
    assert file_stems(["Drift (a)", "drift a", "../up", "שלום", ""]) == [
        "drift-a",
        "drift-a-2",
        "up",
        "figure",
        "figure-2",
    ]
    assert file_stems(["a", "a-2", "a", "A"]) == ["a", "a-2", "a-3", "a-4"]


def test_formats_are_named_and_checked() -> None:
    assert figure_formats() == ("svg", "png", "pdf")
    assert figure_formats(["pdf", "svg"]) == ("svg", "pdf")
    with pytest.raises(UsageError, match="unknown figure format 'jpeg'.*pdf, png, svg"):
        figure_formats(["jpeg"])


@pytest.mark.usefixtures("no_converter")
def test_without_the_converter_only_svg_is_written_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="lensbench")
    assert [path.suffix for path in write_figures([("a", layers())], tmp_path)] == [".svg"]
    assert "pip install 'lensbench[figures]'" in caplog.text
    assert figure_formats(["svg"]) == ("svg",)


@pytest.mark.usefixtures("no_converter")
def test_formats_that_need_the_converter_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=r"png and pdf needs .*pip install 'lensbench\[figures\]'"):
        write_figures([("a", layers())], tmp_path / "out", ["svg", "png", "pdf"])
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        write_figures([("a", layers())], tmp_path / "file", ["svg"])
