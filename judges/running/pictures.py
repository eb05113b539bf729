"""The pictures of the patches asked about, drawn once for consecutive questions."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, TypeAlias

from harness.core.errors import DataError
from judges.base import JudgeRequest

Pictures: TypeAlias = tuple[bytes, bytes]
"""The boxed canvas and the crop as PNG."""

_KEPT: Final = 8


class Studio:
    """Draws the pictures of requests in a thread beside the event loop, one at a time.

    Questions come patch by patch, so the pictures of the last few patches are kept: enough for the
    questions under preparation, little memory however long the list is.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._drawn: OrderedDict[str, Pictures] = OrderedDict()

    async def pictures(self, request: JudgeRequest) -> Pictures:
        """Return the pictures of the request's patch; errors of drawing are raised.

        Raises:
            DataError: The request has nothing to draw.
        """
        async with self._lock:
            found = self._drawn.get(request.patch_id)
            if found is None:
                found = await asyncio.to_thread(draw, request)
                self._drawn[request.patch_id] = found
            self._drawn.move_to_end(request.patch_id)
            while len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)
            return found


def draw(request: JudgeRequest) -> Pictures:
    """Draw the pictures of a request, here and now.

    Raises:
        DataError: The request has nothing to draw.
    """
    if request.render is None:
        raise DataError(f"question about patch {request.patch_id}: there is no picture to show")
    return request.render()
