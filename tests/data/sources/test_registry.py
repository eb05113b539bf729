"""What a text stands for: paths first, then kinds by their first word, third parties among them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from harness.core.errors import UsageError
from harness.core.records import Box, ImageRecord, RegionLabels
from harness.core.registry import Registry
from harness.data.sources import ImageKind, open_source, registry
from harness.data.sources.registry import IMAGES, forms


class _Scenes:
    def __init__(self, text: str, limit: int | None) -> None:
        self.name = text
        self.limit = limit

    def records(self) -> tuple[ImageRecord, ...]:
        return ()

    def open(self, record: ImageRecord) -> Image.Image:
        raise NotImplementedError

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        raise NotImplementedError

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        raise NotImplementedError


@pytest.mark.parametrize("text", ["scenes:heldout", "scenes:7+100"])
def test_scenes_are_opened_by_their_own_source(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawing code is imported only then."""
    module = ModuleType("harness.mini.source")
    module.__dict__["SceneSource"] = _Scenes
    monkeypatch.setitem(sys.modules, "harness.mini.source", module)
    source = open_source(text, 5)
    assert isinstance(source, _Scenes)
    assert (source.name, source.limit) == (text, 5)


@pytest.mark.parametrize("text", ["scenes:", "scenes:all", "scenes:5", "scenes:-1+5", "scenes:a+b"])
def test_unknown_sets_of_scenes_are_refused(text: str) -> None:
    """The message says both forms."""
    with pytest.raises(UsageError, match=r"scenes:heldout or scenes:SEED\+COUNT"):
        open_source(text)


@pytest.mark.parametrize(
    "text", ["gone", "gone/x.jpg", "cocoa:x", "http://a.b/c.jpg", "", "x" * 5000, "a\0b"]
)
def test_unknown_texts_list_the_forms(text: str) -> None:
    """One line, also for texts that no path can be."""
    with pytest.raises(UsageError, match="no such folder or file; expected a folder") as caught:
        open_source(text)
    assert all(form in str(caught.value) for form in ("coco:FILE.json", "hf:", "pixmo-cap", "glob"))
    assert len(str(caught.value).splitlines()) == 1


def test_a_path_goes_before_a_kind_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder called pixmo-cap is a folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pixmo-cap").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "pixmo-cap" / "a.png")
    assert open_source("pixmo-cap").records()[0].source == "pixmo-cap/a.png"


def test_kinds_of_third_parties(monkeypatch: pytest.MonkeyPatch) -> None:
    """They get the whole text and the limit, and appear among the forms."""
    kinds: Registry[ImageKind] = Registry("image source", {}, None)
    kinds.register("acme", ImageKind("acme:SHELF", "pictures of a shelf", _Scenes))
    monkeypatch.setattr(registry, "IMAGES", kinds)
    source = open_source("acme:lower", 3)
    assert isinstance(source, _Scenes)
    assert (source.name, source.limit) == ("acme:lower", 3)
    assert "acme:SHELF" in forms()


def test_every_built_in_kind_loads_and_is_described() -> None:
    assert IMAGES.group == "lensbench.images"
    for name in IMAGES.names():
        kind = IMAGES.get(name)
        assert kind.form.startswith(name)
        assert kind.summary
