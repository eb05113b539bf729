from __future__ import annotations

import dataclasses

import pytest
import torch

from harness.core.errors import MismatchError
from lenses.vocabulary import output_rows, vocabulary_candidates
from tests.lenses.fixtures import HIDDEN, SyntheticReadout, make_readout


def test_rows_beyond_the_vocabulary_are_left_out() -> None:
    pool = vocabulary_candidates(torch.ones(9, 3), ("a", " b", "c"), "x")
    assert [len(group.vectors) for group in pool.groups] == [3]


def test_a_vocabulary_larger_than_the_matrix_is_a_mismatch() -> None:
    with pytest.raises(MismatchError, match="2 rows, the vocabulary 3 tokens"):
        vocabulary_candidates(torch.ones(2, 3), ("a", "b", "c"), "x")


@pytest.mark.parametrize(("token", "word"), [(" cat", "cat"), ("\n", "\n"), ("", ""), (",", ",")])
def test_words_are_stripped_tokens_without_context(token: str, word: str) -> None:
    group = vocabulary_candidates(torch.ones(1, 3), (token,), "x").groups[0]
    found = group.neighbour(0, 0.5)
    assert (found.token, found.word, found.context) == (token, word, "")
    assert (found.start, found.end, found.source_layer, found.score) == (0, 0, None, 0.5)


def test_fingerprint_follows_matrix_and_vocabulary() -> None:
    prints = {
        vocabulary_candidates(torch.ones(2, 3), vocabulary, source).fingerprint
        for vocabulary in (("a", "b"), ("a", "c"))
        for source in ("x", "y")
    }
    assert len(prints) == 4


@pytest.mark.parametrize("bias", [0.0, 2.0])
@pytest.mark.parametrize("scale", [1.0, 0.0625, 30.0])
def test_output_rows_give_the_logits(bias: float, scale: float) -> None:
    readout = make_readout(bias=bias, scale=scale)
    states = torch.randn(20, HIDDEN, generator=torch.Generator().manual_seed(9))
    queries = torch.cat([readout.normalise(states), torch.ones(20, 1)], dim=1)
    logits = readout.logits(states)
    tolerance = 1e-5 * float(logits.abs().max())
    assert torch.allclose(queries @ output_rows(readout).T, logits, rtol=0, atol=tolerance)


def test_a_plain_output_matrix_is_taken_bit_for_bit() -> None:
    readout = make_readout()
    assert torch.equal(output_rows(readout)[:, :-1], readout.unembed)
    assert not output_rows(readout)[:, -1].any()


def test_logits_that_are_not_affine_are_refused() -> None:
    class Capped(SyntheticReadout):
        def uncapped(self, states: torch.Tensor) -> torch.Tensor:
            return 5 * torch.tanh(super().uncapped(states) / 5)

    plain = make_readout()
    fields = {field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)}
    with pytest.raises(MismatchError, match="needs an affine output map"):
        output_rows(Capped(**fields))
