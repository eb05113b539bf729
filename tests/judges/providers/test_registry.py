from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.openai_chat import OpenAIChat
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.registry import make_provider


def test_a_provider_is_made_from_its_text() -> None:
    first = make_provider("openai", "gpt-5:effort=medium", None)
    assert isinstance(first, OpenAIResponses)
    assert (first.name, first.model, first.parameters["effort"]) == ("openai", "gpt-5", "medium")
    second = make_provider("anthropic", "claude-opus-4-8:effort=max", None)
    assert isinstance(second, AnthropicMessages)
    assert (second.name, second.parameters["effort"]) == ("anthropic", "max")
    third = make_provider("compatible", "http://localhost:11434/v1/qwen2.5vl:7b:detail=low", None)
    assert isinstance(third, OpenAIChat)
    assert (third.name, third.model) == ("compatible", "qwen2.5vl:7b")
    assert third.parameters["base_url"] == "http://localhost:11434/v1"


def test_making_one_needs_no_key_and_reads_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    for kind, text, name in (("openai", "gpt-5", "OPENAI"), ("anthropic", "c", "ANTHROPIC")):
        assert make_provider(kind, text, tmp_path / "missing").model == text
        problem = make_provider(kind, text, None).key_problem()
        assert problem == f"no API key: set {name}_API_KEY or give --keys FILE"


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UsageError, match="unknown provider 'opanai': did you mean openai"):
        make_provider("opanai", "gpt-5", None)


def test_no_sdk_is_imported_before_a_call() -> None:
    code = (
        "import sys; from judges.providers.registry import make_provider as m;"
        "m('openai', 'gpt-5', None); m('anthropic', 'claude-opus-5', None);"
        "m('compatible', 'http://h/v1/m', None);"
        "sys.exit(' '.join({'openai', 'anthropic', 'httpx2', 'torch'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
