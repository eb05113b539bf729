from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harness.core.config import JudgingOptions
from harness.core.errors import DataError
from harness.core.measures import Measures
from harness.core.rundir import RunDir
from harness.data.sources import open_source
from harness.pipeline import measure
from harness.pipeline.context import RunContext
from harness.pipeline.references import LibraryUses
from harness.pipeline.spec import Plan
from lenses.library.store import Library


@contextmanager
def opened(path: Path) -> Iterator[RunContext]:
    """Yield a run that has neither model nor corpus."""
    with RunDir.load(path) as run:
        spec = run.run_spec
        source = open_source(spec.images, len(spec.image_ids))
        options = JudgingOptions.model_validate({})
        yield RunContext(run, Plan(spec, source, None, "cpu", options))


@pytest.fixture
def described(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of a finished run with its library beside it, as if both had been moved."""
    shutil.copytree(finished.parent / "libraries", tmp_path / "libraries")
    run = Path(shutil.copytree(finished, tmp_path / finished.name))
    (run / "measures.json").unlink(missing_ok=True)
    return run


def measured(path: Path) -> Measures:
    with opened(path) as context:
        measure.run(context)
    return Measures.model_validate_json((path / "measures.json").read_bytes())


def forget_where_the_library_was(path: Path) -> None:
    """Have the run name a folder that does not exist, as after a move."""
    uses = LibraryUses.model_validate_json((path / "libraries.json").read_bytes())
    moved = tuple(
        use.model_copy(update={"path": f"/nowhere/{Path(use.path).name}"}) for use in uses.libraries
    )
    text = LibraryUses(libraries=moved).model_dump_json()
    (path / "libraries.json").write_text(text, encoding="utf-8")


def test_a_described_run_is_measured_without_its_model(described: Path) -> None:
    found = measured(described)
    assert found.layers == (0, 4, 8)
    assert [each.layer for each in found.visual_drift] == [0, 4, 8]
    assert found.visual_drift[0].spread.mean == pytest.approx(1)
    assert [each.layer for each in found.rogue] == [0, 4, 8]
    sources = tuple(each.layer for each in found.library)
    assert sources and all(each.source_layers == sources for each in found.leap)
    assert tuple(each.layer for each in found.text_norms) == sources
    assert all(len(each.visual) == len(each.spread) == 3 for each in found.library)


def test_norms_are_those_of_the_states_and_drift_of_text_that_of_the_library(
    described: Path,
) -> None:
    found = measured(described)
    files = [load_file(path) for path in sorted((described / "states").glob("*.safetensors"))]
    norms = torch.cat([tensors["norms"] for tensors in files])
    assert found.tokens == len(norms)
    for column, each in enumerate(found.visual_norms):
        assert each.spread.n == len(norms)
        assert each.spread.mean == pytest.approx(float(norms[:, column].mean()), rel=1e-5)
    (folder,) = (described.parent / "libraries").iterdir()
    library = Library.open(folder)
    assert found.rows == len(library) < 4096
    embed = load_file(described / "readout.safetensors")["embed"]
    inputs = embed[torch.tensor(library.rows.column("token_id").to_pylist())]
    for each in found.text_drift:
        cosines = torch.cosine_similarity(library.vectors(each.layer), inputs)
        assert each.spread.mean == pytest.approx(float(cosines.mean()), abs=1e-5)


def test_two_measurements_of_one_run_are_the_same_and_plain_json(described: Path) -> None:
    measured(described)
    first = (described / "measures.json").read_bytes()
    measured(described)
    assert (described / "measures.json").read_bytes() == first

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(first, parse_constant=refuse)


def test_a_moved_library_is_found_beside_the_run(described: Path) -> None:
    forget_where_the_library_was(described)
    assert measured(described).library


def test_a_library_that_was_changed_is_made_anew(
    described: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = json.loads((described / "libraries.json").read_text(encoding="utf-8"))
    record["libraries"][0]["fingerprint"] = "0" * 64
    (described / "libraries.json").write_text(json.dumps(record), encoding="utf-8")

    def refuse(_: RunContext, fraction: float) -> Library:
        raise DataError(f"asked for the library of {fraction:g}")

    monkeypatch.setattr(RunContext, "library", refuse)
    with opened(described) as context, pytest.raises(DataError, match="the library of 1"):
        measure.run(context)
    assert not (described / "measures.json").exists()


def test_a_run_without_a_library_has_no_figures_of_text(described: Path) -> None:
    (described / "libraries.json").write_text(
        LibraryUses(libraries=()).model_dump_json(), encoding="utf-8"
    )
    found = measured(described)
    assert len(found.visual_norms) == len(found.visual_drift) == 3
    for figures in (found.text_drift, found.text_norms, found.library, found.rogue, found.leap):
        assert figures == ()
    assert found.rows == 0


def test_measurements_depend_on_states_and_libraries(described: Path) -> None:
    with opened(described) as context:
        before = measure.inputs(context)
        assert {"states/manifest.json", "readout.safetensors", "libraries.json"} < set(before)
        forget_where_the_library_was(described)
        assert measure.inputs(context) != before


def test_an_unreadable_record_of_libraries_is_named(described: Path) -> None:
    (described / "libraries.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot read .*libraries\.json"):
        measured(described)
