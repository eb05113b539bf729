"""All lenses by name; third parties add theirs under the entry-point group ``lensbench.lenses``."""

from __future__ import annotations

from collections.abc import Callable

from harness.core.errors import UsageError, unknown_name
from harness.core.registry import Registry
from lenses.base import Lens

BUILTINS = {
    "latent": "lenses.latent:LatentLens",
    "logit": "lenses.logit:LogitLens",
    "embedding": "lenses.embedding:EmbeddingLens",
    "random-reference": "lenses.controls:RandomReference",
    "random-vector": "lenses.controls:RandomVector",
}
"""Built-in lenses and controls; each target is called without arguments."""

SHUFFLED_PATCH = "shuffled-patch"
"""First part of the names of the shuffled controls, ``shuffled-patch:<lens>``."""

LENSES: Registry[Callable[[], Lens]] = Registry("lens", BUILTINS, "lensbench.lenses")
"""Name to a class or function that makes the lens."""

_REAL = ("latent", "logit", "embedding")
_CONTROLS = ("random-reference", "random-vector")
_PREFIX = f"{SHUFFLED_PATCH}:"


def lens_names() -> tuple[str, ...]:
    """Return every name that ``make_lens`` takes, with one shuffled control per lens."""
    names = LENSES.names()
    return (*names, *(_PREFIX + name for name in names if name not in _CONTROLS))


def default_lenses() -> tuple[str, ...]:
    """Return the paper's three lenses, the random controls and one shuffled control per lens."""
    return (*_REAL, *_CONTROLS, *(_PREFIX + name for name in _REAL))


def make_lens(name: str) -> Lens:
    """Return a new, unprepared lens.

    Args:
        name: A registered name, or ``shuffled-patch:<lens>`` for that lens's shuffled control.

    Raises:
        UsageError: The name is unknown, or ``<lens>`` is itself a control.
        DataError: The lens cannot be imported.
    """
    if name not in lens_names():
        raise unknown_name("lens", name, lens_names())
    if not name.startswith(_PREFIX):
        return LENSES.get(name)()
    from lenses.controls import ShuffledPatch

    base = LENSES.get(name.removeprefix(_PREFIX))()
    if base.card.kind != "lens":
        raise UsageError(
            f"lens {name!r}: {base.card.name} is a control, expected a lens under test"
        )
    return ShuffledPatch(base)


def parse_lenses(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list, in order, each once; the default for none.

    Raises:
        UsageError: A name is unknown; near names are given.
    """
    asked = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    known = lens_names()
    for name in asked:
        if name not in known:
            raise unknown_name("lens", name, known)
    return asked or default_lenses()
