"""People and a judge on the relation of each single word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, get_args

import numpy as np

from harness.core.agreement import Coefficients
from harness.core.records import Relation
from human_eval.agreement_tables import pair_coefficients
from human_eval.evidence import Evidence

_CODES: Final[dict[Relation, int]] = {name: code for code, name in enumerate(get_args(Relation))}


def word_coefficients(evidence: Evidence, judge: str) -> Coefficients | None:
    """Return the agreement on each word's relation: concrete, abstract, global or none.

    People's relation of a word is the one that most of those who count gave it; words for which
    two relations share the first place are left out. Words are of items that show cells of lenses
    under test, each with the weight of its item, and of replies word by word for the item's words.

    Returns:
        None if no reply to a rated item is of the item's words one by one.
    """
    people: list[int] = []
    machine: list[int] = []
    rows: list[int] = []
    aligned = False
    tested = evidence.tested
    for row, (group, reply) in enumerate(
        zip(evidence.ratings, evidence.replies[judge], strict=True)
    ):
        said = evidence.said(group)
        if not said or not tested[row] or reply is None or not reply.aligned:
            continue
        if reply.status != "ok":
            continue
        aligned = True
        for place, relation in enumerate(reply.relations):
            settled = _most([one[place] if one else "none" for one in said])
            if settled is not None:
                people.append(_CODES[settled])
                machine.append(_CODES[relation])
                rows.append(row)
    if not aligned:
        return None
    return pair_coefficients(
        np.array(people, dtype=np.int64),
        np.array(machine, dtype=np.int64),
        len(_CODES),
        tested[rows],
        [evidence.items[row].image_id for row in rows],
        seed=evidence.seed,
    )


def _most(given: Sequence[Relation]) -> Relation | None:
    """Return the most frequent relation; None if two are equally frequent."""
    first, *others = Counter(given).most_common(2)
    return None if others and others[0][1] == first[1] else first[0]
