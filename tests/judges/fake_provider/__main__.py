"""The fake provider in a process of its own; prints its port on the first line."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from tests.judges.fake_provider.faults import Fault, at_random
from tests.judges.fake_provider.server import KEY, FakeProvider


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.judges.fake_provider")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log", type=Path, help="file for one JSON line per answered request")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--rpm", type=int, help="requests a minute that are accepted")
    parser.add_argument("--key", default=KEY, help="the only key that is accepted")
    parser.add_argument("--seed", type=int, default=0, help="seed of the faults")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND=SHARE[@RETRY_AFTER]",
        help="a fault and the share of the calls that it hits; may be given several times",
    )
    parser.add_argument(
        "--mount",
        action="append",
        default=[],
        metavar="MODULE:FUNCTION",
        help="called with the server before it starts, to mount further paths",
    )
    given = parser.parse_args()
    shares = {}
    for text in given.fault:
        kind, _, rest = text.partition("=")
        share, _, wait = rest.partition("@")
        shares[Fault(kind, retry_after=wait or None)] = float(share)
    server = FakeProvider(
        faults=at_random(shares, seed=given.seed),
        key=given.key,
        latency_s=given.latency,
        requests_per_minute=given.rpm,
        log=given.log,
        keep=False,
        port=given.port,
    )
    for name in given.mount:
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)(server)
    with server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
