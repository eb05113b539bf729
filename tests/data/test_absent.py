from __future__ import annotations

import pytest

from harness.core.errors import DataError
from harness.core.records import ImageRecord
from harness.data.sources.absent import AbsentSource

RECORD = ImageRecord(image_id="a" * 64, source="photos/a.png", width=4, height=3)


def test_what_was_recorded_is_known_and_the_pixels_are_refused_with_the_reason() -> None:
    source = AbsentSource("photos", [RECORD], "no folder photos")
    assert source.records() == (RECORD,)
    assert source.captions(RECORD) is None
    assert source.labels(RECORD, (0, 0, 1, 1), (0, 0)) is None
    with pytest.raises(DataError, match="photos/a.png is not here: no folder photos"):
        source.open(RECORD)
