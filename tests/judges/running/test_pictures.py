"""Studio: each patch drawn once for its questions, in a thread, a few kept."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from harness.core.errors import DataError
from judges.base import JudgeRequest
from judges.running.pictures import Pictures, Studio, draw
from tests.judges.running.scripted import PICTURES, requests


class Drawing:
    """Counts how often it draws, and whether twice at once."""

    def __init__(self) -> None:
        self.count = 0
        self.at_once = 0
        self.most_at_once = 0
        self.threads: set[str] = set()

    def __call__(self) -> Pictures:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.threads.add(threading.current_thread().name)
        self.count += 1
        self.at_once -= 1
        return PICTURES


async def _all(asked: list[JudgeRequest]) -> list[Pictures]:
    studio = Studio()
    return await asyncio.gather(*map(studio.pictures, asked))


def test_consecutive_questions_of_a_patch_share_their_pictures() -> None:
    drawing = Drawing()
    found = asyncio.run(_all(requests(60, per_patch=20, render=drawing)))
    assert found == [PICTURES] * 60
    assert drawing.count == 3
    assert drawing.most_at_once == 1
    assert threading.current_thread().name not in drawing.threads


def test_only_a_few_patches_are_kept() -> None:
    drawing = Drawing()
    asked = requests(30, render=drawing)
    asyncio.run(_all([*asked, asked[-1]]))
    assert drawing.count == 30
    asyncio.run(_all([*asked, asked[0]]))
    assert drawing.count == 30 + 31


def test_a_question_without_pictures_is_refused() -> None:
    with pytest.raises(DataError, match="patch p0: there is no picture"):
        draw(replace(requests(1)[0], render=None))


def test_errors_of_drawing_are_raised_and_not_kept() -> None:
    def broken() -> Pictures:
        raise DataError("image gone")

    async def scene() -> Pictures:
        studio, asked = Studio(), requests(1)[0]
        with pytest.raises(DataError, match="image gone"):
            await studio.pictures(replace(asked, render=broken))
        return await studio.pictures(asked)

    assert asyncio.run(scene()) == PICTURES
