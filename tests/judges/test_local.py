from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from harness.core.errors import DataError, UsageError
from judges import local_model
from judges.local import LocalJudge, LocalOptions, split_options
from judges.local_files import checkpoint_hash
from tests.judges.labels import question
from tests.judges.offline import relations, reply_to, shown_words, speak
from tests.vlms.checkpoints import build

WORDS = ("dog", "boat", "the")
QWEN, IDEFICS = "qwen2_vl", "idefics3"
Located = Callable[[str], Path]


@pytest.fixture(scope="module")
def located(tmp_path_factory: pytest.TempPathFactory) -> Located:
    """Return a function from a family to a tiny checkpoint of it, built on first use."""
    built: dict[str, Path] = {}

    def locate(family: str) -> Path:
        if family not in built:
            built[family] = build(family, tmp_path_factory.mktemp("local") / family)
        return built[family]

    return locate


def made(path: Path, options: str = "") -> LocalJudge:
    return LocalJudge(f"local:{path}{options}", f"{path}{options}")


def asked_of(judge: LocalJudge, words: tuple[str, ...]) -> list[str]:
    """Return the prompts of one question."""
    prompts = speak(judge)
    list(judge.judge([question(judge, words)]))
    return prompts


@pytest.mark.parametrize(("family", "dtype"), [(QWEN, "auto"), (IDEFICS, "bfloat16")])
def test_a_model_that_knows_nothing_is_counted_and_not_scored(
    located: Located, family: str, dtype: str
) -> None:
    judge = made(located(family), f":max_new_tokens=12:dtype={dtype}")
    one, other = judge.judge([question(judge, WORDS), question(judge, WORDS[:1])])
    for answer in (one, other):
        assert answer.status in {"truncated", "parse_error"}
        assert (answer.relations, answer.cost_usd) == ((), 0.0)
        assert answer.error
        assert answer.raw == answer.calls[-1].raw
        assert 0 < answer.output_tokens <= 12 * len(answer.calls)
        assert answer.snapshot == checkpoint_hash(located(family))
    assert one.input_tokens > other.input_tokens


def test_the_boxed_picture_stands_before_the_text_and_the_crop_after_it(located: Located) -> None:
    """This model takes one token per 8 x 8 pixels, and enlarges the small crop."""
    judge = made(located(QWEN))
    (prompt,) = asked_of(judge, WORDS)
    before, _, rest = prompt.partition("You are an expert")
    after = rest.partition("Answer with one JSON object")[2]
    assert prompt.count("<|vision_start|>") == 2
    assert before.count("<|image_pad|>") == 8 * 6
    assert after.count("<|image_pad|>") == 4 * 3


@pytest.mark.parametrize("family", [QWEN, IDEFICS])
def test_a_reply_that_fits_is_an_answer(located: Located, family: str) -> None:
    judge = made(located(family))
    prompts = speak(judge)
    (answer,) = judge.judge([question(judge, WORDS)])
    assert (answer.status, answer.relations) == ("ok", relations(WORDS))
    assert json.loads(answer.raw)["concrete_words"] == ["dog"]
    assert shown_words(prompts[0]) == list(WORDS)
    (call,) = answer.calls
    assert (answer.input_tokens, answer.output_tokens) == (call.input_tokens, call.output_tokens)


def test_a_reply_that_does_not_fit_is_asked_for_once_more(located: Located) -> None:
    judge = made(located(QWEN))
    replies = iter(["I see a dog.", reply_to('\n["dog"]\n')])
    prompts = speak(judge, lambda prompt: next(replies))
    (answer,) = judge.judge([question(judge, ("dog",))])
    assert (answer.status, answer.relations) == ("ok", ("concrete",))
    assert [call.raw for call in answer.calls] == ["I see a dog.", answer.raw]
    assert prompts[1].count("<|vision_start|>") == 2
    assert "I see a dog." in prompts[1]
    assert "cannot be used: the reply holds no JSON object" in prompts[1]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("I see a dog.", "parse_error"),
        (reply_to('\n["dog", "sun"]\n').replace("dog", "cat"), "schema_error"),
    ],
)
def test_it_is_asked_for_once_more_and_no_further(
    located: Located, reply: str, status: str
) -> None:
    judge = made(located(QWEN))
    prompts = speak(judge, lambda prompt: reply)
    (answer,) = judge.judge([question(judge, ("dog", "sun"))])
    assert (answer.status, answer.relations, answer.raw) == (status, (), reply)
    assert len(prompts) == len(answer.calls) == 2


def test_a_reply_that_is_cut_is_truncated_even_if_it_reads_well(located: Located) -> None:
    text = reply_to('\n["dog"]\n')
    length = len(made(located(QWEN))._model._processor.tokenizer.encode(text))
    for room, status in ((length, "truncated"), (length + 1, "ok")):
        judge = made(located(QWEN), f":max_new_tokens={room}")
        speak(judge, lambda prompt: text)
        (answer,) = judge.judge([question(judge, ("dog",))])
        assert (answer.status, answer.raw, len(answer.calls)) == (status, text, 1)


@pytest.mark.parametrize("family", [QWEN, IDEFICS])
def test_a_word_is_never_a_control_token(located: Located, family: str) -> None:
    judge = made(located(family))
    prompts = speak(judge)
    tokens = judge._model._processor.tokenizer.all_special_ids
    model: Any = judge._model._model
    generate, counts = model.generate, []

    def counting(**batch: Any) -> Any:
        counts.append(sum(int((batch["input_ids"] == token).sum()) for token in tokens))
        return generate(**batch)

    model.generate = counting
    control = ("<image>", "<|image_pad|>", "<|vision_start|>", "</s>", "<end_of_utterance>", "<<s>")
    words = ("sun", *control, 'a"<s>\\')
    answers = list(judge.judge([question(judge, ("dog", word)) for word in words]))
    assert {answer.status for answer in answers} == {"ok"}
    assert len(set(counts)) == 1
    assert [shown_words(prompt)[1] for prompt in prompts] == list(words)


def test_a_question_the_model_refuses_leaves_the_others(
    located: Located, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = made(located(QWEN))
    speak(judge)
    processor = judge._model._processor
    template = processor.apply_chat_template

    def refusing(messages: Any, **options: Any) -> Any:
        if '["sun"]' in messages[0]["content"][1]["text"]:
            raise ValueError("height:3 and width:900\nmust have a ratio below 200")
        return template(messages, **options)

    monkeypatch.setattr(processor, "apply_chat_template", refusing)
    refused, answered = judge.judge([question(judge, ("sun",)), question(judge, ("dog",))])
    assert (refused.status, answered.status) == ("api_error", "ok")
    assert refused.error.endswith("height:3 and width:900 must have a ratio below 200")


def test_a_model_without_chat_template_is_refused(located: Located, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no chat template"):
        made(located("paligemma"))
    for file in located(QWEN).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    template = (tmp_path / "chat_template.jinja").read_text()
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(UsageError, match="has no chat template"):
        made(tmp_path)
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    judge = made(tmp_path)
    speak(judge)
    (answer,) = judge.judge([question(judge, WORDS)])
    assert answer.status == "ok"


def test_memory_that_runs_out_is_one_line_and_keeps_what_is_answered(located: Located) -> None:
    judge = made(located(QWEN))
    speak(judge)
    model: Any = judge._model._model
    generate = model.generate
    answers = judge.judge([question(judge, WORDS), question(judge, ("sun",))])
    assert next(answers).status == "ok"

    def exhausted(**batch: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    model.generate = exhausted
    with pytest.raises(DataError, match="out of memory; take a smaller model") as raised:
        next(answers)
    assert "\n" not in str(raised.value)
    model.generate = generate


def test_greedy_search_replaces_the_checkpoints_own_sampling(
    located: Located, tmp_path: Path
) -> None:
    path = build(QWEN, tmp_path / "sampling")
    own = json.loads((path / "generation_config.json").read_text())
    own |= {"do_sample": True, "temperature": 5.0, "repetition_penalty": 9.0}
    (path / "generation_config.json").write_text(json.dumps(own))
    texts = set()
    for checkpoint in (path, path, located(QWEN)):
        judge = made(checkpoint, ":max_new_tokens=12")
        (answer,) = judge.judge([question(judge, WORDS)])
        texts.add(answer.calls[0].raw)
    assert len(texts) == 1


def test_the_model_is_loaded_once_and_at_the_first_question(
    located: Located, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="lensbench"):
        judge = made(located(QWEN), ":max_new_tokens=1")
        assert list(judge.judge([])) == []
        assert caplog.messages == []
        for _ in range(2):
            list(judge.judge([question(judge, WORDS)]))
    assert caplog.messages == [f"loading judge {judge.name}"]


def test_without_pictures_there_is_nothing_to_judge(located: Located) -> None:
    judge = made(located(QWEN))
    blind = question(judge, WORDS)
    object.__setattr__(blind, "render", None)
    (answer,) = judge.judge([blind])
    assert (answer.status, answer.error) == ("refusal", "no picture to look at")


def test_the_version_is_that_of_the_files_and_of_what_shapes_a_reply(
    located: Located, tmp_path: Path
) -> None:
    version = made(located(QWEN)).version
    assert made(located(QWEN), ":device=cpu").version == version
    assert made(located(QWEN), ":max_new_tokens=7").version != version
    assert made(located(QWEN), ":dtype=bfloat16").version != version
    assert made(located(IDEFICS)).version != version
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in located(QWEN).iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert made(copy).version == version
    for name in ("model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"):
        changed = tmp_path / name
        changed.mkdir()
        for file in copy.iterdir():
            more = b"\n" if file.name == name else b""
            (changed / file.name).write_bytes(file.read_bytes() + more)
        assert made(changed).version != version, name


def test_options_stand_behind_the_name() -> None:
    name = "owner/name@main:max_new_tokens=64:device=cuda:1:dtype=float16"
    assert split_options("local:x", name) == (
        "owner/name@main",
        LocalOptions(max_new_tokens=64, device="cuda:1", dtype="float16"),
    )
    assert split_options("local:x", "C:/models/a:b") == ("C:/models/a:b", LocalOptions())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (":tokens=3", "unknown option 'tokens'; .*options: max_new_tokens, dtype, device"),
        (":max_new_tokens=0", "max_new_tokens = '0'"),
        (":max_new_tokens=many", "max_new_tokens = 'many'"),
        (":dtype=int8", "dtype = 'int8': .*'bfloat16'"),
        (":dtype=auto:dtype=auto", "given twice"),
    ],
)
def test_a_wrong_option_is_refused(located: Located, options: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        made(located(QWEN), options)


@pytest.mark.parametrize("device", ["cuda:0", "tpu", "nonsense"])
def test_a_device_that_is_not_there_is_refused(
    located: Located, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    judge = made(located(QWEN), f":device={device}")
    with pytest.raises(UsageError, match=f"device '{device}': "):
        list(judge.judge([question(judge, WORDS)]))


def test_several_gpus_share_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for count, place in ((0, torch.device("cpu")), (1, torch.device("cuda")), (2, None)):
        monkeypatch.setattr(torch.cuda, "device_count", lambda count=count: count)
        assert local_model._place("auto") == place


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such directory; expected a checkpoint directory"):
        made(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"it has no config.json"):
        made(tmp_path)


@pytest.mark.parametrize("name", ["owner/name", "owner/name@v1"])
def test_a_hub_id_that_cannot_be_had_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        UsageError, match="is not on this machine and .* cannot be reached"
    ) as raised:
        made(Path(name))
    assert "\n" not in str(raised.value)
    with pytest.raises(UsageError, match="no such checkpoint or revision"):
        made(Path("../name"))


def test_a_hub_id_is_taken_from_the_cache(
    located: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--owner--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for file in located(QWEN).iterdir():
        (snapshot / file.name).write_bytes(file.read_bytes())
    assert made(Path("owner/name")).version == made(located(QWEN)).version
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UsageError, match="lacks some of its weights"):
        made(Path("owner/name"))


def test_a_checkpoint_that_lacks_weights_is_refused(located: Located, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in located(QWEN).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop(next(iter(weights)))
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    judge = made(tmp_path)
    with pytest.raises(DataError, match="lacks 1 weights"):
        list(judge.judge([question(judge, WORDS)]))


def test_pictures_come_in_the_type_the_model_runs_in(located: Located) -> None:
    judge = made(located(IDEFICS), ":dtype=bfloat16")
    speak(judge)
    model: Any = judge._model._model
    generate, seen = model.generate, []

    def looking(**batch: Any) -> Any:
        seen.append({name: value.dtype for name, value in batch.items()})
        return generate(**batch)

    model.generate = looking
    list(judge.judge([question(judge, WORDS)]))
    assert seen[0]["pixel_values"] == torch.bfloat16
    assert seen[0]["input_ids"] == torch.int64


def test_the_place_of_a_picture_is_no_word_even_if_the_tokenizer_takes_it_for_one() -> None:
    added = {0: SimpleNamespace(content="<s>", special=True)}
    added[1] = SimpleNamespace(content="<b>", special=False)
    tokenizer = SimpleNamespace(added_tokens_decoder=added)
    processor = SimpleNamespace(tokenizer=tokenizer, image_token="[PIC]", video_token=None)
    found = local_model._control_tokens(processor)
    assert found.findall("<s> <b> [PIC] P") == ["<s>", "[PIC]"]
