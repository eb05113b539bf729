"""What a judging protocol is: which words are asked together, in which order, and in what words."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from harness.core.records import Record

Question: TypeAlias = tuple[str, tuple[str, ...]]
"""Patch id and the words of one cell in rank order; equal cells are one question."""


class JudgingProtocol(Record):
    """One way of asking a judge about words, as data; its wording is a template file."""

    name: str
    """Name on the command line."""
    version: int
    """Counts changes of its wording; answers of different versions are never mixed."""
    summary: str
    """One sentence on what is asked."""
    template: str
    """File of the wording in ``judges/protocols/templates``."""
    unit: Literal["cell", "pool"]
    """Ask about one lens's words at a time, or about the words of all lenses and layers at once."""
    shows: Literal["words", "sentences"]
    """Show bare words, or the sentences they were read in with the word marked."""
    order: Literal["ranked", "shuffled"]
    """Show words in the lens's order, or shuffled by a keyed draw."""
    reply: Literal["lists", "verdicts"]
    """Reply by three lists of words, or by one verdict per numbered word."""
    chunk: int = Field(0, ge=0)
    """Most words per question of a pool; 0 where the unit is a cell."""
    probe_share: float = Field(0.0, ge=0, lt=1)
    """Words of other images mixed into a pool, as a share of its own words."""

    @property
    def id(self) -> str:
        """Name and version, such as ``paper.1``."""
        return f"{self.name}.{self.version}"
