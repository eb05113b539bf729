"""All analyses by name; third parties add theirs under the entry-point group below."""

from __future__ import annotations

from typing import Final

from harness.core.registry import Registry
from reports.sections.base import Analysis, Evidence, Section

GROUP: Final = "lensbench.sections"
"""Entry-point group of third parties; a name stands for an object like :class:`Section`."""

BUILTINS: Final = {
    "by-layer": "reports.sections.by_layer:SECTION",
    "pass-at": "reports.sections.pass_at:SECTION",
    "relations": "reports.sections.relations:SECTION",
    "distinct-words": "reports.sections.distinct:SECTION",
    "calibration": "reports.sections.calibration:SECTION",
    "overlap": "reports.sections.overlaps:SECTION",
    "leap": "reports.sections.leap:SECTION",
    "drift": "reports.sections.drift:SECTION",
    "norms": "reports.sections.norms:SECTION",
    "rogue-dimensions": "reports.sections.rogue:SECTION",
    "part-of-speech": "reports.sections.part_of_speech:SECTION",
}
"""Built-in analyses in the order of the page."""

SECTIONS: Registry[Section] = Registry("analysis", BUILTINS, GROUP)
"""Name to the object that makes the analysis."""


def analyses(evidence: Evidence) -> tuple[Analysis, ...]:
    """Return every analysis that the run has something to show for, in the order of the page.

    Raises:
        UsageError: two packages claim one name, or an option asks for what is not installed.
        DataError: an analysis of another package cannot be imported.
    """
    made = (SECTIONS.get(name).analyse(evidence) for name in SECTIONS.names())
    return tuple(analysis for analysis in made if analysis is not None)
