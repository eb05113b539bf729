from __future__ import annotations

from judges.providers.base import Mend
from judges.providers.conversation import finished, turns


def test_a_question_is_one_turn_and_a_repair_three() -> None:
    content = [{"type": "text", "text": "?"}]
    assert turns(content, None) == [{"role": "user", "content": content}]
    assert turns(content, Mend("reply", "again")) == [
        {"role": "user", "content": content},
        {"role": "assistant", "content": "reply"},
        {"role": "user", "content": "again"},
    ]


def test_an_empty_reply_is_told_by_the_tokens_it_used() -> None:
    assert finished("x", 100, 100) == ("ok", "")
    assert finished(" \n", 100, 100)[0] == "truncated"
    assert finished("", 99, 100) == ("api_error", "the reply is empty")
