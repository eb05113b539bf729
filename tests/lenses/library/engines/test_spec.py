from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from lenses.library.engines.spec import FaissSpec, parse_spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("faiss:flat", FaissSpec("flat", None, None, 1)),
        ("faiss:ivf", FaissSpec("ivf", None, None, 1)),
        ("faiss:ivf1024,nprobe=32", FaissSpec("ivf", 1024, 32, 1)),
        ("faiss:sq8", FaissSpec("sq8", None, None, 16)),
        ("faiss:sq8,refine=4", FaissSpec("sq8", None, None, 4)),
        ("faiss:pq", FaissSpec("pq", None, None, 64)),
        ("faiss:pq48,refine=8", FaissSpec("pq", 48, None, 8)),
    ],
)
def test_names(text: str, spec: FaissSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    "text", ["faiss:hnsw", "faiss", "faiss:", "flat", "faiss:sq", "FAISS:flat"]
)
def test_an_unknown_kind_lists_all(text: str) -> None:
    known = "faiss:flat, faiss:ivf, faiss:pq, faiss:sq8"
    with pytest.raises(UsageError, match=f"unknown search engine '{text}': .*{known}"):
        parse_spec(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faiss:flat8", "flat takes no size"),
        ("faiss:sq84", "sq8 takes no size"),
        ("faiss:flat,nprobe=3", "'nprobe=3': flat takes no option"),
        ("faiss:ivf,refine=3", "'refine=3': ivf takes nprobe=N"),
        ("faiss:pq,refine", "'refine': pq takes refine=N"),
        ("faiss:pq,", "'': pq takes refine=N"),
        ("faiss:ivf0", "at least 1"),
        ("faiss:ivf,nprobe=0", "at least 1"),
        ("faiss:sq8,refine=0", "at least 1"),
    ],
)
def test_bad_sizes_and_options_are_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_spec(text)
