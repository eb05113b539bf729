"""The sequence of tokens is the published one."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from harness.core.errors import DataError
from harness.vlms.families.molmo import MolmoAdapter
from harness.vlms.molmo.processor import MolmoProcessor
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.tokenizer import build_tokenizer


def test_tokens_stand_in_rows_that_end_in_a_column_token(molmo: MolmoAdapter) -> None:
    """End of text, whole view, crops' grid, question."""
    image = probe_image().resize((150, 90))
    rows, cols = molmo.layout(*image.size).view("tiles").grid
    small = "<im_patch>" * 4 + "<im_col>"
    large = "<im_patch>" * cols + "<im_col>"
    text = (
        f"{molmo.tokenizer.eos_token}<im_start>{small * 4}<im_end>"
        f"<im_start>{large * rows}<im_end> User: a red ball Assistant:"
    )
    inputs = molmo._inputs(image, "a red ball")
    assert inputs["input_ids"][0].tolist() == molmo.tokenizer.encode(text, add_special_tokens=False)
    assert (rows, cols) != (4, 4)


def test_a_plain_prompt_names_no_roles(molmo_path: Path) -> None:
    """But it begins with a space, as any of Molmo's texts."""
    plain = MolmoAdapter(molmo_path, "x", "random", prompt="plain")
    ids = plain._inputs(probe_image(), "a red ball")["input_ids"][0]
    assert str(plain.tokenizer.decode(ids)).endswith("<im_col><im_end> a red ball")


def test_places_are_those_of_the_placeholder(molmo: MolmoAdapter) -> None:
    """Each is filled by one cell."""
    inputs = molmo._inputs(probe_image(), "")
    places = inputs["image_input_idx"]
    visual = (inputs["input_ids"][0] == molmo.model.config.image_token_id).nonzero()[:, 0]
    assert sorted(places[places >= 0].tolist()) == visual.tolist()


def _tokenizer(tokens: list[str], **special: str | None) -> PreTrainedTokenizerFast:
    tokenizer = build_tokenizer({}, bos=False)
    tokenizer.add_tokens(tokens, special_tokens=True)
    for name, token in special.items():
        setattr(tokenizer, name, token)
    return tokenizer


def test_a_tokenizer_of_another_model_is_refused(molmo: MolmoAdapter) -> None:
    """The message names what is missing."""
    settings, tokens = molmo.processor.settings, ["<im_start>", "<im_end>", "<im_patch>"]
    with pytest.raises(DataError, match="the tokenizer has no <im_col>"):
        MolmoProcessor(_tokenizer(tokens), settings)
    with pytest.raises(DataError, match="neither a first nor a last token"):
        bare = _tokenizer([*tokens, "<im_col>"], bos_token=None, eos_token=None)
        MolmoProcessor(bare, settings)


def test_the_first_token_is_the_beginning_where_there_is_one(molmo: MolmoAdapter) -> None:
    """Qwen2 has none, and the end of a text serves for it."""
    tokenizer = _tokenizer(["<im_start>", "<im_end>", "<im_patch>", "<im_col>"], bos_token="house")
    processor = MolmoProcessor(tokenizer, molmo.processor.settings)
    assert processor.first_id == tokenizer.convert_tokens_to_ids("house")
    assert molmo.processor.first_id == molmo.tokenizer.eos_token_id


def test_a_checkpoint_without_tokenizer_is_refused(tmp_path: Path) -> None:
    """Before any weight is read."""
    with pytest.raises(DataError, match="cannot load the tokenizer in"):
        MolmoProcessor.load(tmp_path)
