"""The key of a library: everything that decides its content, checked and hashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.core.errors import UsageError, unknown_name
from lenses.library.corpus import Corpus
from lenses.library.dtypes import stored_type
from lenses.library.manifest import LibraryKey
from lenses.library.plan import DEFAULT_CAPS, PART_ROWS, POLICIES
from lenses.library.tokenise import MAX_TOKENS, tokenizer_hash

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PRECISIONS = ("float32", "bfloat16", "float16")
"""Types of the forward pass."""


def make_key(
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    layers: Sequence[int],
    *,
    model_hash: str,
    precision: str = "float32",
    policy: str = "reservoir",
    cap: int | None = None,
    seed: int = 42,
    fraction: float = 1.0,
    dtype: str = "float16",
    max_tokens: int = MAX_TOKENS,
    part_rows: int = PART_ROWS,
) -> LibraryKey:
    """Return the key of the library that ``build_library`` makes of the same.

    Args:
        corpus: Phrases to read.
        tokenizer: Fast tokenizer of the model.
        layers: Contextual layers; layer 0 is refused, since its states have no context.
        model_hash: sha256 of the model's weights.
        precision: Type of the forward pass, one of ``PRECISIONS``.
        policy: How rows are chosen, see ``lenses.library.plan``.
        cap: Most rows per decoded token string; the policy's own if None.
        seed: Seed of the choice of rows.
        fraction: Share of the phrases to read.
        dtype: Stored type, see ``lenses.library.dtypes``.
        max_tokens: Longer phrases are cut.
        part_rows: Rows per part, about.

    Raises:
        UsageError: A value that cannot be.
    """
    _require_settings(layers, policy, precision, fraction)
    cap = DEFAULT_CAPS[policy] if cap is None else cap
    for name, value in (("cap", cap), ("max_tokens", max_tokens), ("part_rows", part_rows)):
        if value < 1:
            raise UsageError(f"{name}={value}: expected 1 or more")
    return LibraryKey(
        model_hash=model_hash,
        tokenizer_hash=tokenizer_hash(tokenizer),
        corpus_hash=keyed_corpus_hash(corpus, policy),
        layers=tuple(sorted(set(layers))),
        policy=policy,
        cap=cap,
        seed=seed,
        fraction=fraction,
        dtype=stored_type(dtype),
        precision=precision,
        max_tokens=max_tokens,
        part_rows=part_rows,
    )


def keyed_corpus_hash(corpus: Corpus, policy: str) -> str:
    """Return what of the corpus decides the content: only ``first`` depends on its order."""
    return corpus.order_sha256 if policy == "first" else corpus.sha256


def _require_settings(layers: Sequence[int], policy: str, precision: str, fraction: float) -> None:
    if not layers or min(layers) < 1:
        raise UsageError(
            f"library layers {tuple(layers)}: expected one or more contextual layers from 1 up"
        )
    if policy not in POLICIES:
        raise unknown_name("library policy", policy, POLICIES)
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)
    if not 0 < fraction <= 1:
        raise UsageError(f"fraction={fraction}: expected a share above 0 and up to 1")
