"""How much of what the limits allow a judge uses, against a provider in a process of its own.

``python -m benchmarks.judging``. The fake provider of the tests answers after a fixed time; the
official SDK asks it, limited once by concurrency and once by the calls a minute. Times are those of
the calls' arrival at the provider, so that importing the SDK is not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from harness.core.ids import digest
from judges.api import ApiJudge
from judges.base import JudgeRequest
from judges.protocols.registry import find_protocol
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from judges.settings import JudgeSettings, Limits
from tests.judges.fake_provider import KEY

_MINUTE_S = 60.0
_PER_PATCH = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """What one judging came to."""

    arrivals: list[float]
    """When each call reached the provider, in seconds, ascending."""
    failures: int
    """Questions without a scored answer."""
    busy_s: float
    """Seconds of CPU in this process."""


def main() -> None:
    """Measure and print."""
    given = _arguments()
    os.environ["OPENAI_API_KEY"] = KEY
    pictures = _pictures(given.side)
    size = sum(map(len, pictures)) / 1024
    print(f"replies after {1000 * given.latency:.0f} ms, pictures of {size:.0f} KiB a question")
    for width in given.concurrency:
        ideal = width / given.latency
        found = _measure(
            Limits(concurrency=width), int(ideal * given.seconds), given.latency, pictures
        )
        # The last calls are answered one latency after they arrive.
        _report(f"{width} calls at once", found, ideal, given.latency)
    for rate in given.rpm:
        limits = Limits(concurrency=max(given.concurrency), requests_per_minute=rate)
        ideal = rate / _MINUTE_S
        found = _measure(limits, int(ideal * given.rate_seconds), given.latency, pictures)
        # The last call would be followed by the next one after one interval.
        _report(f"{rate} calls a minute", found, ideal, 1 / ideal)


def _measure(
    limits: Limits, count: int, latency_s: float, pictures: tuple[bytes, bytes]
) -> Measured:
    """Ask ``count`` questions."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        with _provider(latency_s, log) as address:
            provider = OpenAIResponses("gpt-5-2025-08-07", ApiOptions(), None, address)
            judge = ApiJudge("gpt-5", provider, JudgeSettings(limits=limits))
            started = time.process_time()
            statuses = [reply.status for reply in judge.judge(_requests(count, pictures))]
            busy = time.process_time() - started
        arrivals = sorted(json.loads(line)["at"] for line in log.read_text().splitlines())
    return Measured(arrivals, len(statuses) - statuses.count("ok"), busy)


def _report(name: str, found: Measured, ideal: float, after_s: float) -> None:
    """Print the calls a second as a share of the ``ideal`` ones."""
    count = len(found.arrivals)
    taken = found.arrivals[-1] - found.arrivals[0] + after_s
    print(
        f"{name}: {count / taken:.1f} of {ideal:.1f} calls/s = {count / taken / ideal:.1%}; "
        f"{count} calls in {taken:.1f} s, {found.failures} unscored, "
        f"{_busiest_minute(found.arrivals)} in the busiest minute, "
        f"{1000 * found.busy_s / count:.1f} ms of CPU each"
    )


def _busiest_minute(times: list[float]) -> int:
    """Return the most of ``times`` in any 60 s."""
    most = last = 0
    for first, start in enumerate(times):
        while last < len(times) and times[last] < start + _MINUTE_S:
            last += 1
        most = max(most, last - first)
    return most


@contextlib.contextmanager
def _provider(latency_s: float, log: Path) -> Iterator[str]:
    """Run the fake provider in a process of its own; yield its address."""
    command = [sys.executable, "-m", "tests.judges.fake_provider"]
    command += ["--latency", str(latency_s), "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


def _requests(count: int, pictures: tuple[bytes, bytes]) -> list[JudgeRequest]:
    """Return questions that come as those of a run do: several about each patch."""
    protocol = find_protocol("paper")
    return [
        JudgeRequest(
            key=digest(["benchmark", number]),
            patch_id=f"p{number // _PER_PATCH}",
            words=("dog", "grass", "joy", "boat", f"w{number}"),
            protocol=protocol,
            render=lambda: pictures,
        )
        for number in range(count)
    ]


def _pictures(side: int) -> tuple[bytes, bytes]:
    """Return a canvas and a crop with grain over a gradient: about as large as photographs."""
    found = []
    for size in (side, side // 8):
        smooth = Image.linear_gradient("L").resize((size, size))
        grain = Image.effect_noise((size, size), 12.0)
        stream = io.BytesIO()
        Image.merge("RGB", (smooth, grain, smooth)).save(stream, "PNG")
        found.append(stream.getvalue())
    return found[0], found[1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Throughput of a judge within its limits.")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before each reply")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--seconds", type=float, default=16.0, help="of each of these, ideally")
    parser.add_argument("--rpm", type=int, nargs="*", default=[1200])
    parser.add_argument("--rate-seconds", type=float, default=75.0, help="of each of these")
    parser.add_argument("--side", type=int, default=512, help="pixels of the canvas")
    return parser.parse_args()


if __name__ == "__main__":
    main()
