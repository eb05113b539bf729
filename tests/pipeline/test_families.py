"""Whole runs on tiny random checkpoints: the families of the paper's models, to the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.records import Description, ImageRecord, Patch
from harness.core.tables import read_table
from harness.vlms.families.llava import LlavaAdapter
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from tests.pipeline.runs import execute, small_options
from tests.vlms.checkpoints import build
from tests.vlms.checkpoints.weights import PROVENANCE

# Molmo 7B and 72B and Qwen2.5-VL 7B and 32B differ in their configuration only.
PAPER = ("molmo", "llava", "llava_next", "qwen2_vl", "qwen2_5_vl", "lensbench_controlled")
SIZES = ((120, 120), (96, 96))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two noisy pictures and one that is a line."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(0)
    for number, (width, height) in enumerate((*SIZES, (1, 5000))):
        pixels = noise.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("family", PAPER)
def test_a_run_reaches_its_report(
    family: str, pictures: Path, small_corpus: Path, tmp_path: Path
) -> None:
    """Every patch, lens and layer is described, and the page says that the weights are random."""
    checkpoint = build(family, tmp_path / family)
    run = execute(
        small_options(
            small_corpus,
            tmp_path,
            vlm=str(checkpoint),
            images=str(pictures),
            judge="none",
            layers="all",
            limit=None,
        )
    )
    facts = json.loads((run / "facts.json").read_text())
    assert facts["family"] == family
    assert facts["provenance"] == PROVENANCE
    page = (run / "report.html").read_text(encoding="utf-8")
    assert PROVENANCE in page
    assert "model processor" in page
    assert facts["processor"] in page
    patches = read_table(run / "patches.parquet", Patch)
    images = read_table(run / "images.parquet", ImageRecord)
    excluded = json.loads((run / "excluded.json").read_text())["images"]
    assert len(images) + len(excluded) == len(SIZES) + 1
    assert {image.width for image in images} >= {120, 96}
    assert f"Images excluded: {len(excluded)} of 3" in page or not excluded
    rows = read_table(run / "descriptions.parquet", Description)
    assert len(rows) == len(patches) * 8 * (facts["layers"] + 1) * 5


def test_separators_are_in_no_summary(pictures: Path, small_corpus: Path, tmp_path: Path) -> None:
    """LLaVA-NeXT ends rows of its high-resolution grid with a learned token that sees nothing."""
    checkpoint = build("llava_next", tmp_path / "llava_next")
    options = small_options(
        small_corpus,
        tmp_path,
        vlm=str(checkpoint),
        images=str(pictures),
        judge="none",
        layers="0",
        limit=1,
        view="tiles",
        lens="logit",
    )
    run = execute(options, stages=("plan", "capture"))
    (row,) = [json.loads(line) for line in _geometries(run)]
    rows, cols = row["grid"]
    assert row["row_stride"] == cols + 1
    (file,) = (run / "states").glob("*.safetensors")
    assert load_file(file)["norms"].shape == (rows * cols, 1)


def _geometries(run: Path) -> list[str]:
    from harness.pipeline.context import ImageGeometry

    return [
        r.geometry.model_dump_json() for r in read_table(run / "geometry.parquet", ImageGeometry)
    ]


def test_an_unknown_view_is_refused_before_anything_is_done(
    small_corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="view 'tile': expected global or tiles"):
        execute(small_options(small_corpus, tmp_path, view="tile"))
    with pytest.raises(UsageError, match="view 'tiles': this model has global"):
        execute(small_options(small_corpus, tmp_path, view="tiles"))


def test_a_run_without_a_usable_image_is_one_line(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lines"
    folder.mkdir()
    Image.new("RGB", (1, 5000)).save(folder / "line.png")
    options = small_options(
        small_corpus,
        tmp_path,
        vlm=str(build("qwen2_vl", tmp_path / "qwen2_vl")),
        images=str(folder),
        judge="none",
        lens="logit",
        layers="0",
        limit=None,
    )
    with pytest.raises(DataError, match="none of the 1 images can be used: .*1x5000"):
        execute(options)


def test_a_geometry_that_disagrees_is_found_before_any_score(
    pictures: Path, small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second image fails; the first one's states stay."""
    checkpoint = build("llava", tmp_path / "llava")
    options = small_options(
        small_corpus,
        tmp_path,
        vlm=str(checkpoint),
        images=str(pictures),
        judge="none",
        lens="logit",
        layers="0",
        limit=2,
    )
    honest = LlavaAdapter.layout

    def broken(adapter: LlavaAdapter, width: int, height: int) -> TokenLayout:
        if (width, height) == SIZES[1]:
            return TokenLayout.single(Geometry.squash((width, height), (40, 40), (5, 5)))
        return honest(adapter, width, height)

    monkeypatch.setattr(LlavaAdapter, "layout", broken)
    with pytest.raises(MismatchError, match="16 visual tokens for a 96x96 image.* has 25"):
        execute(options)
    (run,) = (path for path in tmp_path.iterdir() if (path / "spec.json").is_file())
    assert len(list((run / "states").glob("*.safetensors"))) == 1
    assert not (run / "descriptions.parquet").exists()
