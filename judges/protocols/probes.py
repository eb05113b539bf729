"""Probe words: what was said of other images and never of this patch, to find false positives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.core.rng import keyed_rng


class ProbeWords:
    """All words of a run, from which probes for each patch are drawn.

    A probe of a patch was said of another image and, upper and lower case alike, never of the
    patch itself.
    """

    def __init__(
        self, spoken: Mapping[str, Sequence[tuple[str, ...]]], images: Mapping[str, str]
    ) -> None:
        """Take the words said of each patch, and each patch's image."""
        self._images = images
        self._said_of: dict[str, set[str]] = {}
        self._folded: dict[str, frozenset[str]] = {}
        for patch_id, cells in spoken.items():
            words = {word for cell in cells for word in cell}
            self._folded[patch_id] = frozenset(word.casefold() for word in words)
            for word in words:
                self._said_of.setdefault(word, set()).add(images[patch_id])
        self._words = sorted(self._said_of)
        spellings = Counter(word.casefold() for word in self._words)
        alone = Counter(
            image for said_of in self._said_of.values() if len(said_of) == 1 for image in said_of
        )
        # No more words than this are unfit for a patch: spellings of its own, its image's alone.
        self._unfit = {
            patch_id: alone[images[patch_id]] + sum(spellings[word] for word in own)
            for patch_id, own in self._folded.items()
        }

    def draw(self, patch_id: str, count: int, *key: str | int) -> list[str]:
        """Return ``count`` distinct probes for a patch; fewer, or none, if there are no more."""
        own, image = self._folded[patch_id], self._images[patch_id]
        # Drawing as many more as could be unfit is enough, without a look at every word.
        size = min(len(self._words), count + self._unfit[patch_id])
        rng = keyed_rng("probes", patch_id, *key)
        drawn = (self._words[place] for place in rng.choice(len(self._words), size, replace=False))
        fit = (
            word for word in drawn if word.casefold() not in own and self._said_of[word] != {image}
        )
        return [word for word, _ in zip(fit, range(count), strict=False)]
