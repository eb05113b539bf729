"""Options become a resolved spec, or one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from harness.pipeline.spec import contextual_layers, paper_layers, parse_layers, resolve_spec
from tests.pipeline.runs import small_options


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (32, (0, 1, 2, 4, 8, 16, 24, 30, 31)),
        (28, (0, 1, 2, 4, 8, 16, 24, 26, 27)),
        (8, (0, 1, 2, 4, 6, 7)),
        (1, (0,)),
    ],
)
def test_paper_layers(depth: int, expected: tuple[int, ...]) -> None:
    """The published layers for 32 and 28 blocks, and the same rule for small models."""
    assert paper_layers(depth) == expected


def test_contextual_layers_leave_out_layer_0() -> None:
    """Input embeddings have no context."""
    assert contextual_layers(32) == (1, 2, 4, 8, 16, 24, 30, 31)
    with pytest.raises(UsageError, match="no contextual layer"):
        contextual_layers(1)


def test_all_layers_include_the_last_block() -> None:
    """Layer N is the un-normed output of the last block and part of ``all``."""
    assert parse_layers("all", 8) == tuple(range(9))
    assert parse_layers(" 8, 0,2,2", 8) == (0, 2, 8)


@pytest.mark.parametrize("text", ["9", "-1", "0,x", "", ",", "1.5", "half"])
def test_bad_layers_name_the_valid_range(text: str) -> None:
    """A layer out of range is refused, never clamped."""
    with pytest.raises(UsageError, match="numbers from 0 to 8"):
        parse_layers(text, 8)


def test_judge_that_needs_labels_is_refused_for_photographs(
    small_corpus: Path, photographs: Path, tmp_path: Path
) -> None:
    """A folder has no ground truth; the message says what to do."""
    photos = {"images": str(photographs), "judge": "ground-truth"}
    with pytest.raises(UsageError, match="--judge none"):
        resolve_spec(small_options(small_corpus, tmp_path, **photos))


def test_without_a_word_on_judges_labels_decide(
    small_corpus: Path, photographs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Scenes are judged by what was drawn; photographs by nobody, which is said."""
    assert resolve_spec(small_options(small_corpus, tmp_path)).spec.judges == ("ground-truth",)
    with caplog.at_level("INFO"):
        plan = resolve_spec(small_options(small_corpus, tmp_path, images=str(photographs)))
    assert plan.spec.judges == ("none",)
    (line,) = [text for text in caplog.messages if "nothing is judged" in text]
    for possible in ("--judge none", "ground-truth", "local:", "replay:"):
        assert possible in line


def test_spec_covers_everything_that_decides_a_result(small_corpus: Path, tmp_path: Path) -> None:
    """Other seeds, lenses, layers, images or corpora are other specs."""
    other = tmp_path / "other.txt"
    other.write_text("a red dog\na cat\n", encoding="utf-8")
    base = resolve_spec(small_options(small_corpus, tmp_path)).spec
    other_corpus = resolve_spec(small_options(other, tmp_path)).spec
    changes: list[dict[str, object]] = [
        {"seed": 1},
        {"lens": "logit"},
        {"layers": "0"},
        {"limit": 2},
        {"k": 3},
        {"patches": 2},
        {"judge": "none"},
        {"images": "scenes:7+3"},
    ]
    specs = [
        resolve_spec(small_options(small_corpus, tmp_path, **change)).spec for change in changes
    ]
    assert len({base, other_corpus, *specs}) == len(changes) + 2


def test_corpus_without_usable_lines(tmp_path: Path) -> None:
    """Empty lines alone are no corpus."""
    empty = tmp_path / "empty.txt"
    empty.write_text("\n  \n\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"empty\.txt"):
        resolve_spec(small_options(empty, tmp_path))
