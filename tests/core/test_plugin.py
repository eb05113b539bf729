"""The example package is found, made and used through the registries, as if it were installed."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.core.records import RegionLabels
from harness.core.registry import Registry
from judges.base import JudgeRequest
from judges.protocols.registry import find_protocol
from lenses.base import LensContext, Queries

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "tests" / "plugin_pkg"
ORIGIN = "(distribution lensbench-example 0.1.0)"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example package on the path, with the metadata that an installer would write."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    info = tmp_path / "lensbench_example-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(sections) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(PLUGIN))
    yield
    for name in [name for name in sys.modules if name.startswith("lensbench_example")]:
        del sys.modules[name]


class TinyReadout:
    """Two tokens along the two axes, and a final norm that swaps them."""

    embed = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    unembed = embed

    def normalise(self, states: torch.Tensor) -> torch.Tensor:
        return states.flip(-1)

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        return self.uncapped(states)

    def uncapped(self, states: torch.Tensor) -> torch.Tensor:
        return self.normalise(states) @ self.unembed.T

    def fingerprint(self) -> str:
        return "tiny"


def no_library(*_: object, **__: object) -> Any:
    raise AssertionError("the lens did not ask for a library")


@pytest.mark.usefixtures("installed")
def test_lens() -> None:
    registry: Registry[Any] = Registry("lens", {}, "lensbench.lenses")
    assert "normed-embedding" in registry.names()
    assert registry.origin("normed-embedding").endswith(ORIGIN)
    lens = registry.get("normed-embedding")()
    context = LensContext(
        readout=TinyReadout(),
        vocabulary=(" dog", " cat"),
        library=no_library,
        search=no_library,
        seed=0,
    )
    lens.prepare(context)
    queries = Queries(torch.tensor([[1.0, 0.0], [0.0, 3.0]]), 1, ("p", "q"), ("i", "i"))
    answers = lens.describe(queries, 2)
    assert [[answer.word for answer in row] for row in answers] == [["cat", "dog"], ["dog", "cat"]]
    assert [answer.score for answer in answers[0]] == [1.0, 0.0]


@pytest.mark.usefixtures("installed")
def test_judge() -> None:
    registry: Registry[Any] = Registry("judge", {}, "lensbench.judges")
    judge = registry.get("centre")()
    labels = RegionLabels(inside=(), everywhere=(), centre="dog")
    requests = [
        JudgeRequest("key", "patch", ("Dog", "cat"), find_protocol("paper"), labels),
        JudgeRequest("other", "patch", ("Dog",), find_protocol("paper")),
    ]
    seen, blind = judge.judge(requests)
    assert (seen.key, seen.status, seen.relations) == ("key", "ok", ("concrete", "none"))
    assert (blind.status, blind.relations) == ("refusal", ())


@pytest.mark.usefixtures("installed")
def test_vlm() -> None:
    registry: Registry[Any] = Registry("VLM", {}, "lensbench.vlms")
    entry = registry.get("llava-7b")
    assert entry.name == "llava-7b"
    assert entry.family == "llava"


def test_the_examples_of_the_guide_are_this_package() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", guide, flags=re.DOTALL)
    files = [*PLUGIN.glob("lensbench_example/*.py"), PLUGIN / "pyproject.toml"]
    package = "\n".join(path.read_text() for path in files)
    assert len(blocks) == 6
    assert [block for block in blocks if block not in package] == []
