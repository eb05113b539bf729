from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError
from human_eval.tokens import TOKENS_FILE, is_any_token, is_token_of, study_tokens


def test_everyone_has_an_own_token_that_cannot_be_guessed(tmp_path: Path) -> None:
    tokens = study_tokens(tmp_path, ["ada", "ben"])
    assert list(tokens) == ["ada", "ben"]
    assert tokens["ada"] != tokens["ben"]
    assert all(len(token) >= 20 for token in tokens.values())
    assert study_tokens(tmp_path / "other", ["ada"])["ada"] != tokens["ada"]


def test_tokens_stay_when_the_server_starts_again_and_people_are_added(tmp_path: Path) -> None:
    first = study_tokens(tmp_path, ["ada", "ben"])
    assert study_tokens(tmp_path, ["ada", "ben"]) == first
    more = study_tokens(tmp_path, ["cyd", "ada"])
    assert set(more) == {"cyd", "ada"}
    assert more["ada"] == first["ada"]
    assert study_tokens(tmp_path, ["ben"]) == {"ben": first["ben"]}


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        study_tokens(tmp_path, ["ada"])
    finally:
        os.umask(before)
    path = tmp_path / TOKENS_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    study_tokens(tmp_path, ["ada"])
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"ada": ""}', b'{"ada": 5}', b'{"ada": "short"}', b"\xff"]
)
def test_a_spoilt_file_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / TOKENS_FILE
    path.write_bytes(content)
    with pytest.raises(DataError, match=TOKENS_FILE):
        study_tokens(tmp_path, ["ada"])
    assert path.read_bytes() == content


def test_a_token_opens_only_its_own_page(tmp_path: Path) -> None:
    tokens = study_tokens(tmp_path, ["ada", "ben"])
    assert is_token_of(tokens, "ada", tokens["ada"])
    assert not is_token_of(tokens, "ada", tokens["ben"])
    assert not is_token_of(tokens, "eve", tokens["ada"])
    assert not is_token_of({"ada": ""}, "ada", "")
    assert is_any_token(tokens, tokens["ben"])
    assert json.loads((tmp_path / TOKENS_FILE).read_text()) == tokens


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_text_but_the_token_is_taken(text: str) -> None:
    tokens = {"ada": "a-token-of-twenty-two-c"}
    assert not is_token_of(tokens, "ada", text)
    assert not is_token_of(tokens, "eve", text)
    assert not is_any_token(tokens, text)
