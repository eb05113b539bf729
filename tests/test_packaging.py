"""What an installed lensbench contains is what is in the checkout."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TOP = ("harness", "human_eval", "judges", "lenses", "reports")


def setuptools_settings() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = project["tool"]["setuptools"]
    return settings


def test_packages_are_listed_as_they_are_on_disk() -> None:
    folders = [path.parent for top in TOP for path in (ROOT / top).rglob("__init__.py")]
    on_disk = sorted(".".join(folder.relative_to(ROOT).parts) for folder in folders)
    assert setuptools_settings()["packages"] == on_disk


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for top in TOP for path in (ROOT / top).rglob("*.py")}
    folders |= {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    without = [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()]
    assert [str(folder.relative_to(ROOT)) for folder in without] == []


def test_every_data_file_is_shipped() -> None:
    shipped = {
        path
        for package, patterns in setuptools_settings()["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    data = {
        path
        for top in TOP
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert sorted(str(path.relative_to(ROOT)) for path in data - shipped) == []


def test_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {name.split(">")[0].split("<")[0].lower() for name in wanted}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line}
    assert sorted(names - pinned) == []
