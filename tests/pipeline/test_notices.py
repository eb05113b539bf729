"""What a report says above everything else, where there is something to say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.core.errors import DataError
from harness.data.manifest import ExcludedImage, Exclusions
from harness.pipeline import run_notices
from harness.pipeline.context import RunContext


def _context(**parts: Any) -> RunContext:
    return cast(RunContext, SimpleNamespace(**parts))


@pytest.mark.parametrize(
    ("images", "judge", "told"),
    [
        ("coco:boxes.json@photos", "ground-truth", True),
        ("coco:boxes.json@photos", "none", False),
        ("scenes:heldout", "ground-truth", False),
        ("photos", "ground-truth", False),
    ],
)
def test_labels_that_are_not_everything_are_told_of(
    images: str, judge: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Annotators of photographs label a fixed list of kinds; scenes know all that was drawn."""
    identities = [SimpleNamespace(needs_labels=True)] if judge == "ground-truth" else []
    found = [SimpleNamespace(identity=identity) for identity in identities]
    monkeypatch.setattr(run_notices, "judgings", lambda context: found)
    text = run_notices._label_limits(_context(spec=SimpleNamespace(images=images)))
    assert bool(text) is told
    if told:
        assert "lower bounds" in str(text)


def test_excluded_images_are_counted(tmp_path: Path) -> None:
    """With the first reason; none at all is not worth a line, a lost list is an error."""
    path = tmp_path / "excluded.json"
    context = _context(run=SimpleNamespace(excluded=path), images=(1, 2, 3))
    line = ExcludedImage(image_id="0" * 64, source="a.png", reason="a.png is a line")
    path.write_text(Exclusions(images=(line,)).model_dump_json())
    text = run_notices._excluded_images(context)
    assert text == "Images excluded: 1 of 4, listed in excluded.json. The first: a.png is a line."
    path.write_text(Exclusions(images=()).model_dump_json())
    assert run_notices._excluded_images(context) is None
    path.unlink()
    with pytest.raises(DataError, match=r"excluded\.json: run the stage plan again"):
        run_notices._excluded_images(context)


def test_unusual_visual_tokens_are_told_of() -> None:
    """A plain causal model with one view needs no words."""
    plain = {"name": "m", "view": "global", "injection_layers": (), "image_attention": "causal"}
    assert run_notices._visual_tokens(_context(facts=SimpleNamespace(**plain))) is None
    unusual = plain | {
        "view": "tiles",
        "injection_layers": (0, 1),
        "image_attention": "bidirectional",
    }
    text = run_notices._visual_tokens(_context(facts=SimpleNamespace(**unusual)))
    assert text is not None
    for part in ("cells of the view tiles", "after blocks 0, 1", "what stands behind them"):
        assert part in text
