from __future__ import annotations

import subprocess
import sys

import pytest

from harness.core.errors import UsageError
from lenses.controls import ShuffledPatch
from lenses.registry import (
    LENSES,
    default_lenses,
    lens_names,
    library_share,
    make_lens,
    parse_lenses,
)

DEFAULT = (
    "latent",
    "logit",
    "embedding",
    "random-reference",
    "random-vector",
    "shuffled-patch:latent",
    "shuffled-patch:logit",
    "shuffled-patch:embedding",
)


def test_default_is_the_three_lenses_with_their_controls() -> None:
    assert default_lenses() == DEFAULT
    assert set(DEFAULT) <= set(lens_names())


def test_every_name_makes_the_lens_of_that_name() -> None:
    for name in lens_names():
        assert make_lens(name).card.name == name
        assert make_lens(name) is not make_lens(name)


def test_shuffled_names_wrap_their_base() -> None:
    lens = make_lens("shuffled-patch:logit")
    assert isinstance(lens, ShuffledPatch)
    assert lens.base.card.name == "logit"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", DEFAULT),
        (" , ", DEFAULT),
        ("latent", ("latent",)),
        (" logit, latent ,logit", ("logit", "latent")),
        ("shuffled-patch:embedding,latent", ("shuffled-patch:embedding", "latent")),
    ],
)
def test_parse_gives_exactly_what_was_asked(text: str, names: tuple[str, ...]) -> None:
    assert parse_lenses(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latnet", "unknown lens 'latnet': did you mean latent"),
        ("latent,shuffled-patch:logits", "did you mean shuffled-patch:logit"),
        ("shuffled-patch:random-vector", "unknown lens 'shuffled-patch:random-vector'"),
        ("shuffled-patch:shuffled-patch:latent", "unknown lens"),
        ("shuffled-patch", "unknown lens 'shuffled-patch'"),
    ],
)
def test_unknown_names_give_near_ones(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_lenses(text)
    with pytest.raises(UsageError, match=message):
        make_lens(text.removeprefix("latent,"))


def test_a_control_from_elsewhere_has_no_shuffled_control(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LENSES, "_entries", dict(LENSES._entries))
    monkeypatch.setattr(LENSES, "_loaded", dict(LENSES._loaded))
    LENSES.register("third-party-control", "lenses.controls:RandomVector")
    with pytest.raises(UsageError, match="random-vector is a control, expected"):
        make_lens("shuffled-patch:third-party-control")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("latent:centerd", "lens 'latent:centerd': unknown option 'centerd': did you mean centred"),
        ("logit:centred", "lens 'logit:centred': unknown option 'centred'"),
        ("random-vector:centred", "random-vector takes no options"),
        ("shuffled-patch:latent:dedup=x", "lens 'latent:dedup=x': option dedup = 'x'"),
        ("latnt:centred", "unknown lens 'latnt:centred'"),
    ],
)
def test_bad_options_are_one_line_with_what_would_do(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_lenses(f"logit,{name}")


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("latent", 1.0),
        ("latent:fraction=0.25:centred", 0.25),
        ("shuffled-patch:latent:fraction=0.5", 0.5),
        ("random-reference", 1.0),
        ("logit", None),
        ("logit:matched", 1.0),
    ],
)
def test_share_of_the_corpus_that_a_lens_reads(name: str, share: float | None) -> None:
    assert library_share(name) == share


def test_names_are_listed_without_torch() -> None:
    code = (
        "import sys; from lenses.registry import *; parse_lenses('latent'); lens_names(); "
        "import lenses.library.corpus, lenses.library.words, lenses.library.plan; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
