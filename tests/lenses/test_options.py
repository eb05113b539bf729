from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from lenses.options import LatentOptions, VocabularyOptions, parse_options, split_name


def latent(name: str) -> LatentOptions:
    return parse_options(name, split_name(name)[1], LatentOptions)


def test_a_name_is_a_lens_and_its_options() -> None:
    assert split_name("latent") == ("latent", ())
    assert split_name("latent:centred:dedup=word") == ("latent", ("centred", "dedup=word"))


def test_flags_values_and_lists() -> None:
    assert latent("latent") == LatentOptions()
    found = latent("latent:same-layer:layers=4+8:dedup=phrase:centred:fraction=0.01")
    assert found == LatentOptions(
        same_layer=True, layers=(4, 8), dedup="phrase", centred=True, fraction=0.01
    )
    assert parse_options("logit:matched", ("matched",), VocabularyOptions).matched


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("latent:centerd", "did you mean|centred"),
        ("latent:dedup=token", "dedup = 'token'.*'word'"),
        ("latent:fraction=0", "fraction = '0'"),
        ("latent:fraction=2", "fraction = '2'"),
        ("latent:layers=a", "layers = 'a'"),
        ("latent:centred:centred", "given twice"),
        ("latent:centred=maybe", "centred = 'maybe'"),
        ("latent:", "option ''"),
    ],
)
def test_mistakes_name_lens_option_and_value(name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        latent(name)
    assert repr(name) in str(caught.value)
