from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from harness.core.registry import Registry

GROUP = "lensbench.tests"

AddDistribution = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on ``sys.path`` whose modules are forgotten after the test."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def distribution(site: Path) -> AddDistribution:
    """Install a distribution by hand: metadata with entry points, and one module."""

    def add(name: str, version: str, points: dict[str, str], source: str) -> None:
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"{key} = {value}" for key, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]) + "\n")
        (site / f"{name.replace('-', '_')}.py").write_text(textwrap.dedent(source))

    return add


def registry(**builtins: str) -> Registry[object]:
    return Registry("lens", builtins, GROUP)


def test_builtin_is_imported_only_when_asked_for(site: Path) -> None:
    (site / "colours.py").write_text("RED = object()\n")
    lenses = registry(red="colours:RED")
    assert lenses.names() == ("red",)
    assert "colours" not in sys.modules
    red = lenses.get("red")
    assert red is sys.modules["colours"].RED
    assert lenses.get("red") is red


def test_nested_attribute() -> None:
    assert registry(join="pathlib:Path.joinpath").get("join") is Path.joinpath


def test_origin_of_builtin_does_not_import(site: Path) -> None:
    (site / "colours.py").write_text("raise RuntimeError('imported')\n")
    assert registry(red="colours:RED").origin("red") == "colours:RED (built in)"


def test_names_keep_the_order_of_builtins_and_sort_plugins(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.0", {"zoom": "acme_lens:Z", "blur": "acme_lens:B"}, "Z = B = 1")
    lenses = registry(logit="a:b", embedding="c:d")
    assert lenses.names() == ("logit", "embedding", "blur", "zoom")


def test_plugin_is_found_and_its_origin_named(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"acme": "acme_lens:Acme"}, "class Acme: pass")
    lenses = registry()
    assert lenses.get("acme") is sys.modules["acme_lens"].Acme
    assert lenses.origin("acme") == "acme_lens:Acme (distribution acme-lens 1.2)"


def test_listing_plugins_does_not_import_them(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"acme": "acme_lens:Acme"}, "raise RuntimeError('imported')")
    assert registry().names() == ("acme",)
    assert "acme_lens" not in sys.modules


def test_builtin_works_beside_a_broken_plugin(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"acme": "acme_lens:Acme"}, "import not_there")
    assert registry(path="pathlib:Path").get("path") is Path


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("class Other: pass", "AttributeError: module 'acme_lens' has no attribute 'Acme'"),
        ("class Acme(:", "SyntaxError"),
        ("raise RuntimeError('needs a licence')", "RuntimeError: needs a licence"),
        ("{}['key']", "KeyError: 'key'"),
    ],
)
def test_failing_plugin_names_its_distribution(
    distribution: AddDistribution, source: str, reason: str
) -> None:
    distribution("acme-lens", "1.2", {"acme": "acme_lens:Acme"}, source)
    with pytest.raises(DataError) as caught:
        registry().get("acme")
    message = str(caught.value)
    assert message.startswith("cannot load lens 'acme' from acme_lens:Acme")
    assert "(distribution acme-lens 1.2)" in message
    assert reason in message


def test_failed_load_is_tried_again(site: Path) -> None:
    lenses = registry(red="colours:RED")
    with pytest.raises(DataError, match="No module named 'colours'"):
        lenses.get("red")
    (site / "colours.py").write_text("RED = 7\n")
    importlib.invalidate_caches()
    assert lenses.get("red") == 7


def test_target_without_attribute_is_refused() -> None:
    with pytest.raises(DataError, match="expected 'module:attribute'"):
        registry(bad="pathlib").get("bad")


def test_unknown_name_lists_near_names_and_all(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"latent-plus": "acme_lens:Acme"}, "")
    with pytest.raises(UsageError) as caught:
        registry(latent="a:b", logit="c:d").get("latnt")
    assert str(caught.value) == (
        "unknown lens 'latnt': did you mean latent or latent-plus? "
        "known: latent, latent-plus, logit"
    )
    assert caught.value.exit_code == 2


def test_origin_of_unknown_name() -> None:
    with pytest.raises(UsageError, match="unknown lens 'zzz'"):
        registry(logit="c:d").origin("zzz")


def test_clash_with_builtin_names_both_origins(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"logit": "acme_lens:Acme"}, "")
    lenses = registry(logit="lenses.logit:LogitLens")
    with pytest.raises(UsageError) as caught:
        lenses.names()
    assert "lens name 'logit' is claimed twice" in str(caught.value)
    assert "lenses.logit:LogitLens (built in)" in str(caught.value)
    assert "acme_lens:Acme (distribution acme-lens 1.2)" in str(caught.value)


def test_clash_is_reported_every_time_until_it_is_mended(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"alpha": "acme_lens:A", "logit": "acme_lens:L"}, "")
    lenses = registry(logit="lenses.logit:LogitLens")
    for _ in range(2):
        with pytest.raises(UsageError, match="'logit' is claimed twice"):
            lenses.names()


def test_clash_of_two_plugins(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"blur": "acme_lens:Blur"}, "")
    distribution("rival-lens", "0.3", {"blur": "rival_lens:Blur"}, "")
    with pytest.raises(UsageError) as caught:
        registry().get("blur")
    assert "distribution acme-lens 1.2" in str(caught.value)
    assert "distribution rival-lens 0.3" in str(caught.value)


def test_register_object_and_string() -> None:
    lenses = registry()
    thing = object()
    lenses.register("thing", thing)
    lenses.register("path", "pathlib:Path")
    assert lenses.get("thing") is thing
    assert lenses.get("path") is Path
    assert lenses.names() == ("thing", "path")
    assert lenses.origin("path") == "pathlib:Path (registered at run time)"


def test_register_says_where_a_class_is_defined() -> None:
    lenses = registry()
    lenses.register("here", Path)
    assert lenses.origin("here").startswith("pathlib")
    assert lenses.origin("here").endswith(":Path (registered at run time)")


def test_register_refuses_a_taken_name() -> None:
    lenses = registry(logit="lenses.logit:LogitLens")
    with pytest.raises(UsageError, match=r"claimed twice: by lenses\.logit:LogitLens \(built in\)"):
        lenses.register("logit", object())
    assert lenses.origin("logit") == "lenses.logit:LogitLens (built in)"


def test_without_a_group_no_plugins_are_read(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"acme": "acme_lens:Acme"}, "")
    lenses: Registry[object] = Registry("lens", {"logit": "a:b"})
    assert lenses.names() == ("logit",)


def test_other_groups_are_not_ours(distribution: AddDistribution) -> None:
    distribution("acme-lens", "1.2", {"acme": "acme_lens:Acme"}, "")
    others: Registry[object] = Registry("judge", {}, "lensbench.others")
    assert others.names() == ()
