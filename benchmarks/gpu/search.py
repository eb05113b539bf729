"""Exact search of a library of the paper's size on a GPU: milliseconds per image, work and bytes.

``python -m benchmarks.gpu.search``: 8 layers x 300 000 rows x 4096 (synthetic, float16 on the
device) and the 576 visual tokens of one image at 9 layers. The paper gives 29 ms per image
(arXiv 2602.00462) for one visual layer. ``--device cpu --rows 4000 --width 512`` tries it anywhere.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from lenses.codes import code_bytes
from lenses.index import SearchIndex
from lenses.vectors import TensorVectors

PAPER_MS = 29.0
_CHUNK = 20_000
_K = 5


def main() -> None:
    """Measure and print."""
    given = _arguments()
    groups = [
        TensorVectors(_states(layer, given.rows, given.width, given.device))
        for layer in range(given.layers)
    ]
    started = time.perf_counter()
    index = SearchIndex(groups, cosine=True, kind=given.kind, device=given.device)
    _wait(given.device)
    print(f"prepared in {time.perf_counter() - started:.1f} s, scan in {index.kind}")
    queries = _states(-1, given.queries * given.visual_layers, given.width, given.device).float()
    index.search(queries, _K)
    seconds = [_seconds(index, queries, given.device) for _ in range(given.rounds)]
    image = statistics.median(seconds)
    layer = image / given.visual_layers
    rows = given.layers * given.rows
    work = 2 * len(queries) * rows * given.width
    read = code_bytes(rows, given.width, index.kind)
    print(
        f"{given.layers} layers x {given.rows} x {given.width}; "
        f"one image: {given.queries} tokens x {given.visual_layers} visual layers\n"
        f"{1000 * image:.1f} ms per image, {1000 * layer:.1f} ms per visual layer "
        f"({PAPER_MS / 1000 / layer:.1f}x the paper's {PAPER_MS:.0f} ms)\n"
        f"{work / 1e12:.2f} TOP at {work / image / 1e12:.1f} TOP/s; "
        f"{read / 1e9:.2f} GB of codes at {read / image / 1e9:.0f} GB/s"
    )
    _check(groups, index, queries)


def _states(seed: int, rows: int, width: int, device: str) -> torch.Tensor:
    """Return anisotropic states with outlying dimensions, [rows, width] float16."""
    generator = torch.Generator(device).manual_seed(seed + 1)
    mean = torch.randn(width, generator=torch.Generator().manual_seed(999)).to(device)
    mean[:: width // 2] += 40
    found = torch.empty(rows, width, dtype=torch.float16, device=device)
    for start in range(0, rows, _CHUNK):
        part = found[start : start + _CHUNK]
        part[:] = torch.randn(part.shape, generator=generator, device=device) + mean
    return found


def _check(groups: list[TensorVectors], index: SearchIndex, queries: torch.Tensor) -> None:
    """Compare some answers with plain float32 products."""
    some = queries[:: max(1, len(queries) // 32)]
    unit = torch.nn.functional.normalize(some)
    best = torch.cat(
        [
            (unit @ torch.nn.functional.normalize(group.matrix.float()).T).topk(_K).values
            for group in groups
        ],
        dim=1,
    ).topk(_K)
    error = float((index.search(some, _K)[0] - best.values.double().cpu()).abs().max())
    print(f"largest difference to float32 products over {len(some)} queries: {error:.1e}")


def _seconds(index: SearchIndex, queries: torch.Tensor, device: str) -> float:
    _wait(device)
    started = time.perf_counter()
    index.search(queries, _K)
    _wait(device)
    return time.perf_counter() - started


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Exact search of a large library on a GPU.")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--queries", type=int, default=576)
    parser.add_argument("--visual-layers", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--kind", choices=("int8", "float32"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
