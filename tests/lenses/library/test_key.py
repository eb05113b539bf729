from __future__ import annotations

from typing import Any

import pytest

from harness.core.errors import UsageError
from tests.lenses.fixtures import LAYERS, PHRASES, make_tokenizer
from tests.lenses.library.building import key_of


def test_key_changes_with_everything_that_decides_the_content() -> None:
    keys = [
        key_of(),
        key_of(PHRASES[1:]),
        key_of(tokenizer=make_tokenizer(300)),
        key_of(layers=(1, 2)),
        key_of(cap=5),
        key_of(seed=1),
        key_of(policy="first"),
        key_of(policy="paper"),
        key_of(dtype="float32"),
        key_of(precision="bfloat16"),
        key_of(fraction=0.5),
        key_of(max_tokens=9),
        key_of(part_rows=99),
        key_of(model_hash="6" * 64),
    ]
    assert len({key.digest() for key in keys}) == len(keys)
    assert keys[0] == key_of(PHRASES[::-1], layers=LAYERS[::-1])


def test_caps_are_those_of_the_policy() -> None:
    caps = [key_of(policy=policy, cap=None).cap for policy in ("reservoir", "first", "paper")]
    assert caps == [20, 50, 20]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": ()}, "expected one or more contextual layers from 1 up"),
        ({"layers": (0, 1)}, "expected one or more contextual layers from 1 up"),
        ({"policy": "last"}, "unknown library policy 'last'"),
        ({"precision": "fp16"}, "unknown precision 'fp16'"),
        ({"dtype": "int9"}, "unknown library dtype 'int9'"),
        ({"fraction": 0.0}, "fraction=0.0: expected a share above 0"),
        ({"fraction": 1.5}, "fraction=1.5: expected a share above 0"),
        ({"cap": 0}, "cap=0: expected 1 or more"),
        ({"max_tokens": 0}, "max_tokens=0: expected 1 or more"),
        ({"part_rows": 0}, "part_rows=0: expected 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        key_of(**change)
