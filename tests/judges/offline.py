"""What lets judges that need other people's answers be tested: runs, labels, and a voice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.core.journal import Journal
from harness.core.ratings import HumanLabel
from harness.core.records import Judgement, Relation
from harness.core.tables import write_table
from judges.ground_truth import GroundTruthJudge
from judges.human import LABELS as LABELS_FILE
from judges.local import LocalJudge
from tests.judges.labels import question

_LISTS = ("concrete", "abstract", "global")


def record(run: Path, replies: Iterable[Judgement], file: str = "judgements.jsonl") -> Path:
    """Append judgements to a journal of a run and return the run's directory."""
    with Journal(run / file) as journal:
        journal.append_many(replies)
    return run


def write_labels(run: Path, labels: Sequence[HumanLabel]) -> Path:
    """Write the labels of a run and return its directory."""
    write_table(run / LABELS_FILE, labels, HumanLabel)
    return run


def relations(words: Sequence[str], patch_id: str = "p0") -> tuple[Relation, ...]:
    """Return what the ground truth says of words."""
    judge = GroundTruthJudge()
    (answer,) = judge.judge([question(judge, tuple(words), patch_id)])
    return answer.relations


def shown_words(prompt: str) -> list[str]:
    """Return the words of a question of the paper's protocol."""
    found = re.search(r"^\[.*\]$", prompt, re.MULTILINE)
    assert found is not None, prompt
    words: list[str] = json.loads(found.group())
    return words


def reply_to(prompt: str) -> str:
    """Return the reply of a model that knows the ground truth."""
    words = shown_words(prompt)
    related = list(zip(words, relations(words), strict=True))
    lists = {
        f"{kind}_words": [word for word, relation in related if relation == kind] for kind in _LISTS
    }
    interpretable = any(lists.values())
    return json.dumps({"reasoning": "so", "interpretable": interpretable, **lists})


def speak(judge: LocalJudge, reply: Callable[[str], str] = reply_to) -> list[str]:
    """Let a local judge's model say ``reply(prompt)``; return the list that collects the prompts.

    Prompt and reply pass through the model's own processor and tokenizer; the reply is cut at the
    limit as by ``generate``.
    """
    import torch

    model: Any = judge._model
    tokenizer = model._processor.tokenizer
    prompts: list[str] = []

    def generate(**batch: Any) -> Any:
        ids = batch["input_ids"]
        prompts.append(tokenizer.decode(ids[0]))
        said = tokenizer.encode(reply(prompts[-1]), add_special_tokens=False)
        said = [*said, tokenizer.eos_token_id][: judge.options.max_new_tokens]
        return torch.cat([ids, torch.tensor([said], dtype=ids.dtype)], dim=1)

    model._model.generate = generate
    return prompts
