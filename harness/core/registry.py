"""Names to implementations: built-ins loaded on first use, third parties by entry points."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from harness.core.errors import DataError, UsageError, unknown_name

T = TypeVar("T")

# Importing foreign code can fail in any ordinary way, not only with ImportError.
LOAD_FAILURES = (
    ImportError,
    AttributeError,
    SyntaxError,
    NameError,
    TypeError,
    ValueError,
    LookupError,
    RuntimeError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a name comes from: a ``"module:attr"`` string or the object itself."""

    target: Any
    origin: str


class Registry(Generic[T]):
    """Implementations of one kind by name.

    Args:
        kind: What is registered, as error messages say it (``lens``, ``vlm``, ``judge``).
        builtins: Name to ``"module:attr"``, or ``"module:attr[key]"`` for a value of a mapping;
            imported when the name is first asked for.
        group: Entry-point group of third parties, or None. It is read at the first name that is
            not built in, and by :meth:`names`.
    """

    def __init__(self, kind: str, builtins: Mapping[str, str], group: str | None = None) -> None:
        self.kind = kind
        self.group = group
        self._entries = {
            name: _Entry(target, f"{target} (built in)") for name, target in builtins.items()
        }
        self._loaded: dict[str, T] = {}
        self._discovered = group is None

    def names(self) -> tuple[str, ...]:
        """Return all names: built-ins and run-time ones in their order, then plug-ins by name.

        Raises:
            UsageError: Two origins claim one name.
        """
        self._discover()
        return tuple(self._entries)

    def get(self, name: str) -> T:
        """Return what ``name`` stands for, importing it at the first call.

        Raises:
            UsageError: The name is unknown, or two origins claim one name.
            DataError: The implementation cannot be imported; the message names its distribution.
        """
        if name not in self._loaded:
            entry = self._entry(name)
            self._loaded[name] = self._load(name, entry)
        return self._loaded[name]

    def origin(self, name: str) -> str:
        """Return where ``name`` comes from: its target and how it was registered."""
        return self._entry(name).origin

    def register(self, name: str, target: str | T) -> None:
        """Add ``name`` at run time, as an object or as ``"module:attr"``.

        Raises:
            UsageError: The name is taken.
        """
        label = target if isinstance(target, str) else _qualified_name(target)
        self._add(name, _Entry(target, f"{label} (registered at run time)"))

    def _entry(self, name: str) -> _Entry:
        if name not in self._entries:
            self._discover()
        if name not in self._entries:
            raise unknown_name(self.kind, name, self._entries)
        return self._entries[name]

    def _add(self, name: str, entry: _Entry) -> None:
        if name in self._entries:
            raise UsageError(
                f"{self.kind} name {name!r} is claimed twice: by {self._entries[name].origin} and "
                f"by {entry.origin}; rename or uninstall one of them"
            )
        self._entries[name] = entry

    def _discover(self) -> None:
        if self._discovered or self.group is None:
            return
        found = sorted(entry_points(group=self.group), key=lambda point: (point.name, point.value))
        before = dict(self._entries)
        try:
            for point in found:
                self._add(point.name, _Entry(point.value, _describe(point)))
        except UsageError:
            self._entries = before
            raise
        self._discovered = True

    def _load(self, name: str, entry: _Entry) -> T:
        if not isinstance(entry.target, str):
            return cast(T, entry.target)
        module, separator, attribute = entry.target.partition(":")
        if not separator:
            raise DataError(
                f"cannot load {self.kind} {name!r} from {entry.origin}: expected 'module:attribute'"
            )
        try:
            value: Any = importlib.import_module(module)
            path, bracket, key = attribute.partition("[")
            for part in path.split("."):
                value = getattr(value, part)
            if bracket:
                value = value[key.removesuffix("]")]
        except LOAD_FAILURES as error:
            raise DataError(
                f"cannot load {self.kind} {name!r} from {entry.origin}: "
                f"{type(error).__name__}: {error}"
            ) from error
        return cast(T, value)


def _describe(point: EntryPoint) -> str:
    if point.dist is None:
        return f"{point.value} (entry point of an unnamed distribution)"
    return f"{point.value} (distribution {point.dist.name} {point.dist.version})"


def _qualified_name(target: object) -> str:
    owner = target if hasattr(target, "__qualname__") else type(target)
    return f"{owner.__module__}:{getattr(owner, '__qualname__', '')}"
