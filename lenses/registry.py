"""All lenses by name; third parties add theirs under the entry-point group ``lensbench.lenses``."""

from __future__ import annotations

from collections.abc import Callable

from harness.core.errors import UsageError, unknown_name
from harness.core.registry import Registry
from lenses.base import Lens
from lenses.options import parse_options, split_name

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

LENSES: Registry[Callable[..., Lens]] = Registry("lens", BUILTINS, "lensbench.lenses")
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
        name: A registered name, with options if any (``latent:centred``, see ``lenses.options``),
            or ``shuffled-patch:<lens>`` for that lens's shuffled control.

    Raises:
        UsageError: The name or an option is unknown, or ``<lens>`` is itself a control.
        DataError: The lens cannot be imported.
    """
    shuffled = name.startswith(_PREFIX)
    base, given = split_name(name.removeprefix(_PREFIX))
    if (_PREFIX if shuffled else "") + base not in lens_names():
        raise unknown_name("lens", name, lens_names())
    lens = _make(name.removeprefix(_PREFIX), base, given)
    if not shuffled:
        return lens
    from lenses.controls import ShuffledPatch

    if lens.card.kind != "lens":
        raise UsageError(
            f"lens {name!r}: {lens.card.name} is a control, expected a lens under test"
        )
    return ShuffledPatch(lens)


def library_share(name: str) -> float | None:
    """Return the share of the corpus whose library a lens reads, None if it reads none.

    Raises:
        UsageError: As :func:`make_lens`.
    """
    if "library" not in make_lens(name).card.needs:
        return None
    base, given = split_name(name.removeprefix(_PREFIX))
    options = getattr(LENSES.get(base), "options", None)
    if options is None or not given:
        return 1.0
    return float(getattr(parse_options(name, given, options), "fraction", 1.0))


def parse_lenses(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list, in order, each once; the default for none.

    Raises:
        UsageError: A name or an option is unknown; near names are given.
    """
    asked = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in asked:
        if name not in lens_names():
            make_lens(name)
    return asked or default_lenses()


def _make(name: str, base: str, given: tuple[str, ...]) -> Lens:
    maker = LENSES.get(base)
    lens = maker()
    if not given:
        return lens
    options = getattr(maker, "options", None)
    if options is None or lens.card.kind != "lens":
        raise UsageError(f"lens {name!r}: {base} takes no options")
    lens = maker(parse_options(name, given, options))
    lens.card = lens.card.model_copy(update={"name": name})
    return lens
