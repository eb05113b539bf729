"""Which room may import which, read from the source; and what must import without torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP = ("harness", "human_eval", "judges", "lenses", "reports")
OUTER_ROOMS = ("human_eval", "judges", "lenses", "reports")
SHARED = ("harness.core", "harness.data", "harness.vlms.geometry")
# A local judge is a model of transformers, loaded as every other one.
ALSO = {"judges": ("harness.vlms.loading",)}
TORCH_FREE = (*SHARED, "human_eval", "judges", "reports", "harness.cli")
COMPOSERS = ("harness.pipeline", "harness.cli", "harness.__main__")


@dataclass(frozen=True)
class Import:
    """One imported module, where, and whether it runs (not only for type checkers)."""

    module: str
    line: int
    runs: bool


def modules() -> dict[str, Path]:
    """Return every module of the project by its dotted name."""
    found = {}
    for top in TOP:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def imports(source: str, package: str = "") -> Iterator[Import]:
    """Yield the imports of ``source``, in functions too; ``from a import b`` gives a and a.b."""

    def walk(node: ast.AST, runs: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and is_type_checking(node.test):
            for statement in node.body:
                yield from walk(statement, False)
            for statement in node.orelse:
                yield from walk(statement, runs)
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, runs)
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join(
                [*(above if node.level else []), *([node.module] if node.module else [])]
            )
            yield Import(base, node.lineno, runs)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, runs)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, runs)

    yield from walk(ast.parse(source), True)


def within(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def project_imports(name: str) -> list[Import]:
    """Return the imports of module ``name`` that run and name a module of the project."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = imports(path.read_text(encoding="utf-8"), package)
    return [item for item in found if item.runs and item.module in MODULES]


def forbidden(name: str, item: str) -> str | None:
    """Return the rule that ``name`` breaks by importing the module ``item``, if any."""
    if item in {"harness", "harness.vlms"}:
        return None
    if within(name, "harness.core") and not within(item, "harness.core"):
        return "harness.core imports no sibling"
    for room in OUTER_ROOMS:
        shared = (*SHARED, *ALSO.get(room, ()))
        if within(name, room) and not within(item, room, *shared):
            return f"{room} imports only {', '.join(shared)}"
    if within(item, *COMPOSERS) and not within(name, *COMPOSERS):
        return "only the command line composes pipelines"
    if within(name, "harness.data", "harness.vlms") and within(item, *OUTER_ROOMS):
        return "models and data know no lens, judge or report"
    return None


@pytest.mark.parametrize("name", MODULES)
def test_doors(name: str) -> None:
    broken = [
        f"{MODULES[name].relative_to(ROOT)}:{item.line} imports {item.module}: {rule}"
        for item in project_imports(name)
        if (rule := forbidden(name, item.module))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("name", "item", "allowed"),
    [
        ("harness.core.tables", "harness.core.files", True),
        ("harness.core.tables", "harness.data.images", False),
        ("lenses.logit", "lenses.base", True),
        ("lenses.logit", "harness.core.records", True),
        ("lenses.logit", "harness.vlms.geometry", True),
        ("lenses.logit", "harness.vlms.base", False),
        ("lenses.logit", "judges.base", False),
        ("judges.ground_truth", "harness.data.render", True),
        ("judges.ground_truth", "harness.pipeline.judge", False),
        ("judges.local_model", "harness.vlms.loading", True),
        ("judges.local_model", "harness.vlms.base", False),
        ("reports.html", "harness.vlms.loading", False),
        ("reports.html", "human_eval.items", False),
        ("harness.data.images", "harness.pipeline.plan", False),
        ("harness.data.images", "judges.base", False),
        ("harness.pipeline.describe", "lenses.base", True),
        ("harness.cli.run", "harness.pipeline.engine", True),
        ("harness.training.train", "harness.cli.run", False),
    ],
)
def test_the_rules_themselves(name: str, item: str, allowed: bool) -> None:
    assert (forbidden(name, item) is None) is allowed


def test_imports_are_seen_wherever_they_stand() -> None:
    source = """
from __future__ import annotations
import typing
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import torch
else:
    import numpy
if typing.TYPE_CHECKING:
    from a import b
def f():
    from lenses import logit
    class C:
        import judges.base
try:
    from . import sibling
    from ..data import images
except ImportError:
    pass
"""
    seen = {item.module: item.runs for item in imports(source, "harness.core")}
    assert not seen["torch"]
    assert not seen["a.b"]
    for module in ("numpy", "lenses.logit", "judges.base", "harness.core.sibling"):
        assert seen[module]
    assert seen["harness.data.images"]


def test_rooms_without_torch_import_where_it_is_not_installed() -> None:
    names = [name for name in MODULES if within(name, *TORCH_FREE)]
    code = (
        "import importlib, sys\n"
        "sys.modules['torch'] = None\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
