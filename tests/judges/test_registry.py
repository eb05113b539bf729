from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.ratings import HumanLabel
from judges.api import ApiJudge
from judges.forms import FORMS, find_form
from judges.human import HumanJudge
from judges.registry import JUDGES, judge_summary, make_judge, parse_judges
from judges.replay import ReplayJudge
from judges.settings import JudgeSettings
from tests.judges.offline import record, write_labels
from tests.judges.test_replay import reply

PREFIXES = [form.prefix for form in FORMS]
ROOT = Path(__file__).resolve().parents[2]
NAMED = {
    "gpt-5": ("openai", "gpt-5"),
    "gpt-5-2025-08-07:effort=medium": ("openai", "gpt-5-2025-08-07"),
    "o3": ("openai", "o3"),
    "o3-mini": ("openai", "o3-mini"),
    "o4-mini:effort=high": ("openai", "o4-mini"),
    "openai:ft:gpt-4.1:us": ("openai", "ft:gpt-4.1:us"),
    "claude-haiku-5-5": ("anthropic", "claude-haiku-5-5"),
    "anthropic:claude-x": ("anthropic", "claude-x"),
    "compatible:http://localhost:8000/v1/qwen2.5vl:7b": ("compatible", "qwen2.5vl:7b"),
}
"""Names of judges of providers, with provider and model."""


def test_none_is_no_judge() -> None:
    assert make_judge("none") is None


def test_a_judge_is_made_by_name() -> None:
    judge = make_judge("ground-truth")
    assert judge is not None
    assert (judge.name, judge.needs_labels, judge.needs_pixels) == ("ground-truth", True, False)


@pytest.mark.parametrize("name", NAMED)
def test_a_judge_of_a_provider_is_made_without_a_key(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    settings = JudgeSettings()
    judge = make_judge(name, settings)
    assert isinstance(judge, ApiJudge)
    assert (judge.provider.name, judge.provider.model) == NAMED[name]
    assert (judge.name, judge.needs_labels, judge.needs_pixels) == (name, False, True)
    assert judge.settings is settings


def test_options_are_part_of_the_judge() -> None:
    judge, other = make_judge("gpt-5:effort=medium"), make_judge("gpt-5")
    assert isinstance(judge, ApiJudge)
    assert isinstance(other, ApiJudge)
    assert judge.provider.parameters["effort"] == "medium"
    assert judge.version != other.version


def test_one_model_is_one_judge_however_it_is_named() -> None:
    judge, other = make_judge("gpt-5"), make_judge("openai:gpt-5")
    assert judge is not None
    assert other is not None
    assert judge.version == other.version


def test_a_replay_is_made_from_a_run(tmp_path: Path) -> None:
    run = record(tmp_path, [reply(), reply(judge="claude-x")])
    judge = make_judge(f"replay:{run}#claude-x")
    assert isinstance(judge, ReplayJudge)
    assert judge.name == f"replay:{run}#claude-x"
    with pytest.raises(UsageError, match="several judges"):
        make_judge(f"replay:{run}")


def test_people_judge_the_run_of_the_settings(tmp_path: Path) -> None:
    label = HumanLabel(annotator="a", patch_id="p", words=("dog",), relations=("none",))
    judge = make_judge("human", JudgeSettings(run=write_labels(tmp_path, [label])))
    assert isinstance(judge, HumanJudge)
    with pytest.raises(UsageError, match="judge 'human' reads the labels of a run"):
        make_judge("human")
    with pytest.raises(UsageError, match="nothing may stand behind 'human'"):
        make_judge("human:ann")


def test_a_local_model_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such directory"):
        make_judge(f"local:{tmp_path / 'model'}")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("groundtruth", "did you mean ground-truth"),
        ("gpt5", "did you mean gpt-..."),
        ("gpt-", "compatible:BASE_URL/MODEL"),
        ("o30", "openai:MODEL"),
        ("openai:", "did you mean openai:MODEL"),
        ("replay", r"replay:RUN\[#JUDGE\]"),
        ("humans", "did you mean human"),
        ("GPT-5", "known: .*claude-..."),
    ],
)
def test_an_unknown_name_lists_near_names_and_forms(name: str, hint: str) -> None:
    for use in (make_judge, parse_judges, judge_summary):
        with pytest.raises(UsageError, match=f"unknown judge '{name}': .*{hint}"):
            use(name)


@pytest.mark.parametrize(
    "name", ["gpt-5:effort=huge", "gpt-5:colour=red", "compatible:model", "compatible:http://h/"]
)
def test_a_name_that_cannot_be_is_refused_when_it_is_made(name: str) -> None:
    assert parse_judges(name) == (name,)
    with pytest.raises(UsageError):
        make_judge(name)


def test_a_registered_name_comes_before_a_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JUDGES._entries, "gpt-house", JUDGES._entries["ground-truth"])
    monkeypatch.setattr(JUDGES, "_loaded", {})
    judge = make_judge("gpt-house")
    assert judge is not None
    assert judge.name == "ground-truth"
    assert "no model" in judge_summary("gpt-house")


def test_a_list_is_parsed_in_order_without_repeats() -> None:
    assert parse_judges(" ground-truth, ground-truth ,") == ("ground-truth",)
    assert parse_judges("none") == ("none",)
    several = ("replay:runs/a", "gpt-5", "human", "local:owner/name", "claude-x:effort=low")
    assert parse_judges(",".join(several)) == several


@pytest.mark.parametrize("text", ["", " , ", "ground-truth,none", "ground-truth,gpt", "gpt-5,none"])
def test_a_bad_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_judges(text)


def test_every_judge_says_what_it_is() -> None:
    names = [*JUDGES.names(), *NAMED, "local:owner/name", "replay:no/such/run#gpt-5", "human"]
    summaries = {name: judge_summary(name) for name in names}
    assert len(set(summaries.values())) == len(names)
    for summary in summaries.values():
        assert summary.endswith(".")
        assert summary.count(". ") == 0
    assert "no model" in summaries["ground-truth"]
    assert "effort medium" in summaries["gpt-5-2025-08-07:effort=medium"]
    for name, (_, model) in NAMED.items():
        assert f"model {model} of " in summaries[name]
        assert "looks at the boxed picture and the crop" in summaries[name]
    assert "no/such/run#gpt-5" in summaries["replay:no/such/run#gpt-5"]


@given(st.builds(str.__add__, st.sampled_from(["", *PREFIXES]), st.text(":-=#/ax0", max_size=8)))
def test_a_name_has_one_form_at_most(name: str) -> None:
    found = [form for form in FORMS if form.rest(name) is not None]
    assert len(found) <= 1
    assert find_form(name) == ((found[0], name.removeprefix(found[0].prefix)) if found else None)


def test_naming_judges_imports_no_model_and_no_provider() -> None:
    script = (
        "import sys\n"
        "from judges.registry import judge_summary, make_judge, parse_judges\n"
        f"for name in parse_judges({','.join(NAMED)!r}):\n"
        "    make_judge(name), judge_summary(name)\n"
        "heavy = {'torch', 'transformers', 'openai', 'anthropic'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
