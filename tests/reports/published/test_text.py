from __future__ import annotations

import pytest

from reports.published.compare import compare_published
from reports.published.load import load_paper
from reports.published.names import published_models
from reports.published.text import published_text
from tests.reports.published.scores import JUDGE, score, scores_of
from tests.reports.synthetic import make_run

PAPER = load_paper()
SPEC = make_run(images=4, layers=(0,)).spec


@pytest.mark.parametrize("model", published_models(PAPER))
def test_no_line_is_longer_than_100_columns(model: str) -> None:
    found = compare_published(scores_of(model), model, PAPER, JUDGE, spec=SPEC)
    assert max(map(len, published_text(found).splitlines())) <= 100


def test_the_text_has_every_cell_with_its_numbers() -> None:
    found = compare_published(
        [score("latent", 8, 0.5), score("logit", 26, None), score("latent", 27, 0.9)],
        "molmo-7b-d",
        PAPER,
        JUDGE,
    )
    lines = [line.split() for line in published_text(found).splitlines()]
    assert ["latent", "8", "0.500", "100", "0.837", "98"] in [line[:6] for line in lines]
    (wrong,) = [line for line in lines if line[:2] == ["latent", "8"]]
    assert wrong[6] == "-0.337"
    assert wrong[9] == "differs*"
    (empty,) = [line for line in lines if line[:2] == ["logit", "26"]]
    assert empty[2:9] == ["–", "0", "0.939", "98", "–", "cannot", "tell"]


def test_problems_are_numbered_once_and_referred_to() -> None:
    found = compare_published(scores_of("llava-next-34b"), "llava-next-34b", PAPER, JUDGE)
    text = published_text(found)
    assert text.count("500,000 phrases") == 1
    (number,) = [line[1] for line in text.splitlines() if "500,000 phrases" in line]
    rows = [line for line in text.splitlines() if line.startswith("latent")]
    assert all(f"{number}" in line.rpartition("[")[2] for line in rows)
    assert not any(
        number in line.rpartition("  [")[2]
        for line in text.splitlines()
        if line.startswith("logit") and "  [" in line
    )


def test_it_says_how_many_agree_and_what_that_means() -> None:
    text = published_text(compare_published(scores_of("molmo-7b-d"), "molmo-7b-d", PAPER, JUDGE))
    assert "Consistent with the paper: 27 of 27 cells" in text
    assert "Consistent is not equal: differences below about" in text
    assert "arXiv 2602.00462" in text.replace("\n", " ")
