"""``list judges`` and ``list protocols``."""

from __future__ import annotations

from judges.forms import FORMS
from judges.protocols.registry import PROTOCOLS
from judges.registry import JUDGES
from reports.sections.registry import BUILTINS
from tests.cli.conftest import Call


def test_judges_are_names_and_forms_with_one_line_each(call: Call) -> None:
    code, out, _ = call("list", "judges")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert code == 0
    assert list(rows) == [*JUDGES.names(), *(form.form for form in FORMS)]
    for form in ("compatible:BASE_URL/MODEL", "local:PATH_OR_HUB_ID", "replay:RUN[#JUDGE]"):
        assert rows[form]
    assert rows["human"].startswith("the labels people gave")


def test_protocols_are_listed_with_version_and_summary(call: Call) -> None:
    code, out, _ = call("list", "protocols")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert code == 0
    assert list(rows) == list(PROTOCOLS)
    for name, protocol in PROTOCOLS.items():
        assert rows[name] == f"version {protocol.version}: {protocol.summary}"


def test_analyses_are_listed_in_the_order_of_the_page(call: Call) -> None:
    code, out, _ = call("list", "analyses")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert names[: len(BUILTINS)] == list(BUILTINS)
