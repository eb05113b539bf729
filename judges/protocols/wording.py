"""What a judge is told: the rendered template, the repair request, the reply's layout, their hash.

The wording lives in ``templates/NAME.VERSION.txt.j2``. A file that has been used is not changed:
another wording is another file, and another version of its protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.core.ids import digest
from harness.core.quoting import escaped, quoted
from judges.protocols.base import JudgingProtocol
from judges.protocols.reading import READER_VERSION
from judges.protocols.replies import reply_model, strict_schema

REPAIR: Final = "repair.1.txt.j2"
"""Template of the request to put a reply right."""

_TEMPLATES: Final = Path(__file__).parent / "templates"
_LONGEST_ERROR: Final = 300


def prompt_text(protocol: JudgingProtocol, words: Sequence[str]) -> str:
    """Return the text of the question about ``words``, shown in the given order.

    Each word enters as a JSON string (:func:`harness.core.quoting.quoted`): one line, with
    nothing in it that ends the string or reorders the text around it.
    """
    return _environment().get_template(protocol.template).render(words=tuple(words))


def repair_text(protocol: JudgingProtocol, error: str) -> str:
    """Return the request to put right a reply that failed with ``error``."""
    return _environment().get_template(REPAIR).render(error=error, reply=protocol.reply)


def reply_schema(protocol: JudgingProtocol) -> dict[str, Any]:
    """Return the strict JSON schema of a reply, the same for every question of ``protocol``."""
    return strict_schema(reply_model(protocol))


@lru_cache
def prompt_hash(protocol: JudgingProtocol) -> str:
    """Return the sha256 over all that shapes a question and the reading of its reply.

    That is the source of the template and of the repair request, the reply's schema, the
    protocol's settings and the version of the reader.
    """
    sources = [(_TEMPLATES / name).read_text("utf-8") for name in (protocol.template, REPAIR)]
    settings = protocol.model_dump(mode="json", exclude={"summary"})
    return digest([sources, reply_schema(protocol), settings, READER_VERSION])


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        newline_sequence="\n",
    )
    environment.filters["json"] = quoted
    environment.filters["line"] = _line
    return environment


def _line(text: str) -> str:
    """Return ``text`` as one line of limited length without hidden characters."""
    return escaped(text if len(text) <= _LONGEST_ERROR else text[:_LONGEST_ERROR] + "…")
