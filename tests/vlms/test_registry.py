"""From a name or a path to a loaded model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from harness.core.model_files import model_hash
from harness.core.registry import Registry
from harness.vlms import registry
from harness.vlms.controlled import fetch
from harness.vlms.registry import VLMS, VlmEntry, load_vlm, text_directory, vlm_path
from tests.vlms.checkpoints import build
from tests.vlms.tiny import Checkpoint


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> Registry[VlmEntry]:
    """Replace the global registry for one test, so that nothing registered here stays."""
    fresh: Registry[VlmEntry] = Registry("VLM", {})
    monkeypatch.setattr(registry, "VLMS", fresh)
    return fresh


def _entry(source: Callable[[], Path] | Path | str) -> VlmEntry:
    return VlmEntry(
        name="tiny-one",
        source=source,
        family="llava",
        summary="A random model.",
        provenance="Random weights.",
        layers=3,
        hidden=32,
        grid=(4, 4),
    )


def test_the_miniatures_are_built_in() -> None:
    """Listing does not load them."""
    assert VLMS.names()[:2] == ("mini", "mini-frozen")


def test_a_registered_name_carries_its_provenance(
    entries: Registry[VlmEntry], checkpoint: Checkpoint
) -> None:
    """By path, by text and by function."""
    path = checkpoint("rms", "crop")
    sources: list[Callable[[], Path] | Path | str] = [path, str(path), lambda: path]
    for number, source in enumerate(sources):
        entries.register(f"tiny-{number}", _entry(source))
        facts = load_vlm(f"tiny-{number}").facts
        assert (facts.name, facts.provenance) == ("tiny-one", "Random weights.")
        assert vlm_path(f"tiny-{number}") == path


def test_a_directory_is_loaded_by_its_model_type(checkpoint: Checkpoint) -> None:
    """Its hash is in the facts, and what is not known is said."""
    path = checkpoint("rms", "crop")
    facts = load_vlm(str(path)).facts
    assert (facts.name, facts.weights_hash) == (path.name, model_hash(path))
    assert "not stated" in facts.provenance


def test_unknown_names_list_near_ones() -> None:
    """A misspelt name is a usage error."""
    with pytest.raises(UsageError, match="did you mean .*mini"):
        load_vlm("minni")


def test_directories_that_are_no_model(tmp_path: Path) -> None:
    """Each case has its own line."""
    with pytest.raises(UsageError, match=r"without a config\.json"):
        load_vlm(str(tmp_path))
    config = tmp_path / "config.json"
    config.write_text('{"model_type": "bert"}')
    with pytest.raises(UsageError, match="'bert' model: known families: .*llava, llava_next"):
        load_vlm(str(tmp_path))
    for broken in ("{}", "not json", "[]"):
        config.write_text(broken)
        with pytest.raises(DataError, match=r"cannot read .*config\.json"):
            load_vlm(str(tmp_path))
    config.write_text('{"model_type": "llava"}')
    with pytest.raises(DataError, match="cannot load the processor"):
        load_vlm(str(tmp_path))


def test_missing_checkpoints_of_registered_models(
    entries: Registry[VlmEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost folder is a data error, a hub model not yet downloaded says how to get it."""
    entries.register("lost", _entry(tmp_path / "gone"))
    with pytest.raises(DataError, match="no checkpoint in .*gone"):
        load_vlm("lost")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    entries.register("remote", _entry("someone/some-model"))
    with pytest.raises(UsageError, match="hf download someone/some-model"):
        load_vlm("remote")


def test_hash_covers_what_decides_the_result(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Weights, configuration, processor and tokenizer, but no notes beside them."""
    path = Path(shutil.copytree(checkpoint("rms", "crop"), tmp_path / "copy"))
    original = model_hash(path)
    assert original == model_hash(checkpoint("rms", "crop"))
    (path / "README.md").write_text("a note")
    (path / "figures.json").write_text("{}")
    assert model_hash(path) == original
    for name in (
        "model.safetensors",
        "config.json",
        "processor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ):
        kept = (path / name).read_bytes()
        (path / name).write_bytes(kept + b" ")
        assert model_hash(path) != original
        (path / name).write_bytes(kept)
    (path / "config.json").rename(path / "chat_template.jinja")
    assert model_hash(path) != original
    with pytest.raises(DataError, match="no model files"):
        model_hash(tmp_path)


def test_the_tokenizer_of_a_controlled_directory_is_its_language_models(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    """Any other directory has its own."""
    plain = checkpoint("rms", "crop")
    assert text_directory(plain) == plain
    controlled = build("lensbench_controlled", tmp_path / "controlled")
    assert (text_directory(controlled) / "tokenizer.json").is_file()
    assert not (controlled / "tokenizer.json").exists()


def test_a_folder_with_a_published_connector_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no configuration of ours, and is known by its file."""
    (tmp_path / "connector.pt").write_bytes(b"0")
    monkeypatch.setattr(fetch, "local", lambda path: path / "converted")
    assert vlm_path(str(tmp_path)) == tmp_path / "converted"


def test_facts_name_the_commit_of_a_hub_snapshot(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """A directory of one's own has none."""
    snapshot = tmp_path / "models--owner--name" / "snapshots" / "0123abc"
    shutil.copytree(checkpoint("rms", "crop"), snapshot)
    facts = load_vlm(str(snapshot)).facts
    assert (facts.revision, facts.device) == ("0123abc", "cpu")
    assert load_vlm(str(checkpoint("rms", "crop"))).facts.revision == ""
