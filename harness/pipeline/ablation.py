"""The library's size as the one thing that changes: same states, patches and judge."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from harness.core.config import RunOptions
from harness.core.errors import UsageError
from harness.core.files import write_text_atomic
from harness.core.records import Record, Score
from harness.core.rundir import RunPaths
from harness.core.tables import read_columns, read_table
from harness.pipeline.engine import run_stages
from harness.pipeline.references import LibraryUses
from harness.pipeline.spec import resolve_spec
from lenses.registry import SHUFFLED_PATCH
from reports.overlap import overlap

FULL = "latent"
TABLE = "ablation.csv"
"""File in the run directory."""

_COLUMNS = ("patch_id", "lens", "layer", "word", "context", "start")


class AblationRow(Record):
    """LatentLens with the library of a share of the corpus."""

    fraction: float
    """Share of the corpus' phrases."""
    judge: str
    """Judge of the rate."""
    rows: int
    """Library rows per layer."""
    size: int
    """Bytes of the library."""
    rate: float | None
    """Interpretable, mean over layers; None if nothing was judged."""
    low: float | None
    """Lower end of its 95 % interval."""
    high: float | None
    """Upper end of its 95 % interval."""
    chance: float | None
    """Rate of the same words about a patch of another image."""
    answers: float
    """Share of the full library's answers that are the same word of the same phrase."""
    words: float
    """Share of the full library's distinct words that are found too."""


def parse_fractions(text: str) -> tuple[float, ...]:
    """Return the shares in a list such as ``0.001,0.01,0.1``, rising, always with 1.

    Raises:
        UsageError: Not numbers above 0 and up to 1.
    """
    try:
        shares = {float(part) for part in text.split(",") if part.strip()}
    except ValueError as error:
        raise UsageError(f"fractions {text!r}: expected numbers such as 0.01,0.1,1") from error
    if not shares or not all(0 < share <= 1 for share in shares):
        raise UsageError(f"fractions {text!r}: expected numbers above 0 and up to 1")
    return tuple(sorted(shares | {1.0}))


def ablate(options: RunOptions, fractions: Sequence[float]) -> tuple[Path, list[AblationRow]]:
    """Run LatentLens with libraries of shares of the corpus, write and return the table.

    Args:
        options: Options of the run; its lenses are replaced.
        fractions: Shares of the corpus, the last one 1.

    Returns:
        The run directory, and one row per share and judge.
    """
    names = {share: FULL if share == 1 else f"{FULL}:fraction={share:g}" for share in fractions}
    shuffled = {lens: f"{SHUFFLED_PATCH}:{lens}" for lens in names.values()}
    lenses = ",".join((*names.values(), *shuffled.values()))
    spec = resolve_spec(options.model_copy(update={"lens": lenses}))
    paths = RunPaths(run_stages(spec, Path(options.runs_dir), fresh=options.fresh))
    found = LibraryUses.model_validate_json(paths.libraries.read_bytes())
    libraries = {use.fraction / spec.spec.fraction: use for use in found.libraries}
    descriptions = read_columns(paths.descriptions, _COLUMNS)
    scores = [
        score
        for score in read_table(paths.scores, Score)
        if score.layer is None and score.definition == "interpretable"
    ]
    rows = []
    for share, lens in names.items():
        shared = overlap(descriptions, lens, FULL)
        library = libraries[min(libraries, key=lambda known: abs(known - share))]
        chance = {score.judge: score.estimate for score in scores if score.lens == shuffled[lens]}
        rows += [
            AblationRow(
                fraction=share,
                judge=score.judge,
                rows=library.rows,
                size=library.size,
                rate=score.estimate,
                low=score.low,
                high=score.high,
                chance=chance[score.judge],
                answers=shared.answers,
                words=shared.words,
            )
            for score in scores
            if score.lens == lens
        ]
    write_text_atomic(paths.path / TABLE, _table(rows))
    return paths.path, rows


def ablation_text(rows: Sequence[AblationRow]) -> str:
    """Return the table for the terminal."""
    heading = f"{'share of corpus':>15}  {'rows':>8}  {'MB':>7}  {'interpretable':<23}"
    lines = [f"{heading}  another image  same answers  same words"]
    for row in rows:
        rate = "-" if row.rate is None else f"{row.rate:.3f}"
        if row.low is not None and row.high is not None:
            rate += f" [{row.low:.3f}, {row.high:.3f}]"
        lines.append(
            f"{row.fraction:>15.4g}  {row.rows:>8}  {row.size / 1e6:>7.1f}  {rate:<23}"
            f"  {'-' if row.chance is None else f'{row.chance:.3f}':>13}"
            f"  {row.answers:>12.3f}  {row.words:>10.3f}"
        )
    return "\n".join(lines)


def _table(rows: Sequence[AblationRow]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(AblationRow.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.model_dump() for row in rows)
    return text.getvalue()
