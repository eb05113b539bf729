"""Which column of a table holds the phrases: the one asked for, the only one, or an obvious one."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.errors import UsageError
from harness.core.progress import announce

_OBVIOUS = ("text", "caption", "phrase", "sentence")


def choose_column(
    where: str, asked: str | None, texts: Sequence[str], columns: Sequence[str]
) -> str:
    """Return the column of phrases; a choice that was left to us is announced.

    Without a column asked for, it is the only column of text, or the only one of them that is
    called text, caption, phrase or sentence.

    Args:
        where: The table as the user named it, without a column.
        asked: The column the user named.
        texts: Columns that hold text.
        columns: All columns.

    Raises:
        UsageError: There is no such column, it does not hold text, or it must be chosen; the line
            lists the columns of text.
    """
    listed = f"columns of text: {', '.join(texts)}"
    if not texts:
        listed = f"no column holds text, of {', '.join(columns) or 'none'}"
    if asked is not None:
        if asked in texts:
            return asked
        problem = "does not hold text" if asked in columns else "does not exist"
        raise UsageError(f"corpus {where!r}: column {asked!r} {problem}; {listed}")
    if len(texts) == 1:
        chosen = texts[0]
    else:
        obvious = [name for name in texts if name.lower() in _OBVIOUS]
        if len(obvious) != 1:
            advice = f"name the column of phrases as {where}#COLUMN; " if texts else ""
            raise UsageError(f"corpus {where!r}: {advice}{listed}")
        chosen = obvious[0]
    announce(f"corpus {where}: phrases are in column {chosen!r}")
    return chosen
