from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    CLIPConfig,
    LlavaConfig,
    SiglipConfig,
)

from harness.core.errors import DataError, UsageError
from harness.core.model_files import model_hash
from harness.mini.entry import WEIGHTS
from harness.training.components import ENCODER, LANGUAGE_MODEL, find_component, is_whole


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that has taken both parts out of the bundled miniature."""
    folder = tmp_path_factory.mktemp("trained")
    for part in (LANGUAGE_MODEL, ENCODER):
        find_component("mini-frozen", part, folder)
    return folder


def test_the_parts_of_a_whole_model_are_its_weights(folder: Path) -> None:
    """What is taken out is bit for bit what the whole model holds, by path and by name."""
    from transformers import LlavaForConditionalGeneration

    whole = LlavaForConditionalGeneration.from_pretrained(WEIGHTS / "mini-frozen")
    text = AutoModelForCausalLM.from_pretrained(folder / "components" / LANGUAGE_MODEL)
    vision = AutoModel.from_pretrained(folder / "components" / ENCODER)
    for own, theirs in (
        (text.base_model, whole.model.language_model),
        (text.lm_head, whole.lm_head),
        (vision, whole.model.vision_tower),
    ):
        expected = theirs.state_dict()
        found = own.state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)
        assert {value.dtype for value in found.values()} == {torch.bfloat16}
    tokenizer = AutoTokenizer.from_pretrained(folder / "components" / LANGUAGE_MODEL)
    assert tokenizer("a red ball")["input_ids"][0] == tokenizer.bos_token_id
    saved = folder / "components" / ENCODER / "preprocessor_config.json"
    settings = json.loads(saved.read_text())
    assert settings["image_mean"] == [0.5, 0.5, 0.5]


def test_taking_out_again_changes_nothing(folder: Path) -> None:
    """The second time the folder's own copy is found, by its path inside the folder."""
    before = (folder / "components" / ENCODER / "config.json").stat().st_mtime_ns
    component = find_component("mini-frozen", ENCODER, folder)
    assert component.reference == "components/encoder"
    assert component.digest == model_hash(folder / "components" / ENCODER)
    assert (folder / "components" / ENCODER / "config.json").stat().st_mtime_ns == before


def test_a_part_by_itself_is_used_where_it_is(parts: tuple[str, str], tmp_path: Path) -> None:
    """A directory is not copied and is named by its whole path."""
    component = find_component(parts[0], LANGUAGE_MODEL, tmp_path)
    assert component.reference == str(Path(parts[0]).resolve())
    assert not is_whole(component.path)
    assert not list(tmp_path.iterdir())


def test_an_encoder_with_a_text_half_is_a_part(tmp_path: Path) -> None:
    """CLIP and SigLIP as they are published hold two towers and are no vision-language models."""
    for config in (CLIPConfig(), SiglipConfig()):
        config.save_pretrained(tmp_path)
        assert not is_whole(tmp_path)
    LlavaConfig().save_pretrained(tmp_path)
    assert is_whole(tmp_path)


def test_a_half_written_part_is_not_taken_for_finished(tmp_path: Path) -> None:
    """What a kill left behind is written anew."""
    draft = tmp_path / "components" / f"{ENCODER}.tmp"
    draft.mkdir(parents=True)
    (draft / "config.json").write_text("{")
    component = find_component("mini-frozen", ENCODER, tmp_path)
    assert component.path.is_dir()
    assert not draft.exists()


@pytest.mark.parametrize(("part", "option"), [(LANGUAGE_MODEL, "--llm"), (ENCODER, "--encoder")])
def test_what_is_no_model_is_one_line(tmp_path: Path, part: str, option: str) -> None:
    """The message begins with the option."""
    with pytest.raises(UsageError, match=rf"^{option} .*without a config.json"):
        find_component(str(tmp_path), part, tmp_path)
    with pytest.raises(UsageError, match=rf"^{option} no such thing: expected a directory"):
        find_component("no such thing", part, tmp_path)
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(DataError, match="config.json"):
        find_component(str(tmp_path), part, tmp_path)
