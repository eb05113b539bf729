from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError
from lenses.library.encode import TextEncoder, ancestors, encode_part
from lenses.library.packs import PACKINGS, Packing
from lenses.library.plan import Plan, part_bounds, plan_rows
from lenses.library.tokenise import TokenisedCorpus, tokenise
from tests.lenses.fixtures import LAYERS, PHRASES, CausalStates, make_tokenizer
from tests.vlms.tiny_text import DEPTH, load_tiny_text

Planned = tuple[TokenisedCorpus, Plan]


@pytest.fixture
def planned() -> Planned:
    tokenised = tokenise(PHRASES, make_tokenizer())
    return tokenised, plan_rows(tokenised, "reservoir", 2, 0)


def alone(
    encoder: TextEncoder, planned: Planned, layer: int, rows: Sequence[int] | range
) -> torch.Tensor:
    """Encode every row by itself: one whole phrase, no batch, no padding."""
    tokenised, plan = planned
    states = []
    for row in rows:
        phrase, position = plan.phrases[row], plan.positions[row]
        ids = tokenised.ids[tokenised.starts[phrase] : tokenised.starts[phrase + 1]]
        whole = encoder(torch.from_numpy(ids.astype("int64"))[None], [layer])
        states.append(whole[layer][0, position])
    return torch.stack(states)


def both_ways(
    ids: torch.Tensor,
    layers: Sequence[int],
    *,
    positions: torch.Tensor | None = None,
    attends: torch.Tensor | None = None,
    keep: torch.Tensor | None = None,
) -> dict[int, torch.Tensor]:
    """Return states that depend on everything in the line, as those of a bidirectional model."""
    forward = CausalStates()(ids, layers)
    backward = CausalStates()(ids.flip(1), layers)
    mixed = {layer: forward[layer] + 0.3 * backward[layer].flip(1) for layer in layers}
    return mixed if keep is None else {layer: states[keep] for layer, states in mixed.items()}


@settings(deadline=None, max_examples=25)
@given(
    phrases=st.lists(st.sampled_from(PHRASES), min_size=1, max_size=12, unique=True),
    packing=st.sampled_from(PACKINGS),
    policy=st.sampled_from(["reservoir", "first", "paper"]),
    cap=st.integers(1, 4),
    part_rows=st.integers(1, 40),
)
def test_rows_equal_those_of_phrases_run_alone(
    phrases: list[str], packing: Packing, policy: str, cap: int, part_rows: int
) -> None:
    tokenised = tokenise((*phrases, "a red cat by the sea"), make_tokenizer())
    plan = plan_rows(tokenised, policy, cap, 0)
    for start, stop in part_bounds(plan, part_rows):
        part = encode_part(CausalStates(), tokenised, plan, start, stop, LAYERS, packing)
        assert set(part) == set(LAYERS)
        for layer in LAYERS:
            expected = alone(CausalStates(), (tokenised, plan), layer, range(start, stop))
            assert part[layer].dtype == torch.float32
            torch.testing.assert_close(part[layer], expected)


def test_a_model_that_looks_ahead_gets_whole_phrases() -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    plan = plan_rows(tokenised, "reservoir", 2, 0, shared=False)
    part = encode_part(both_ways, tokenised, plan, 0, len(plan), (1,), "whole")
    expected = alone(both_ways, (tokenised, plan), 1, range(len(plan)))
    torch.testing.assert_close(part[1], expected)
    wrong = encode_part(both_ways, tokenised, plan, 0, len(plan), (1,), "prefix")
    assert not torch.allclose(wrong[1], expected, rtol=0.1)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_tree_gives_the_states_of_a_real_model(family: str, tmp_path: Path) -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    plan = plan_rows(tokenised, "reservoir", 20, 0)
    model = load_tiny_text(tmp_path, family)
    part = encode_part(model.text_states, tokenised, plan, 0, len(plan), (1, DEPTH), "tree")
    for layer in (1, DEPTH):
        expected = alone(model.text_states, (tokenised, plan), layer, range(len(plan)))
        torch.testing.assert_close(part[layer], expected, rtol=1e-4, atol=1e-5)


def test_shared_prefixes_are_run_once_and_progress_is_told(planned: Planned) -> None:
    tokenised, plan = planned
    positions: dict[Packing, int] = {}
    for packing in PACKINGS:
        encoder, told = CausalStates(), list[int]()
        encode_part(encoder, tokenised, plan, 0, len(plan), LAYERS, packing, advance=told.append)
        assert told == [lines * width for lines, width in encoder.calls]
        positions[packing] = sum(told)
    assert positions["tree"] < positions["whole"]


def test_states_that_are_not_finite_are_counted_and_named(planned: Planned) -> None:
    tokenised, plan = planned
    poisoned = [5, 9, 10]
    expected = alone(CausalStates(), planned, 2, poisoned)
    told: list[int] = []

    def broken(
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        states = CausalStates()(ids, layers, positions=positions, attends=attends, keep=keep)
        for count, state in enumerate(expected):
            hit = (states[2] - state).abs().amax(-1) < 1e-4
            states[2][hit] = float("nan")
            if not count:
                states[4][hit, 3] = float("-inf")
        return states

    total = len(plan)
    with pytest.raises(DataError) as caught:
        encode_part(broken, tokenised, plan, 0, total, LAYERS, "tree", advance=told.append)
    start = tokenised.starts[plan.phrases[5]]
    token = tokenised.texts[int(tokenised.ids[start + plan.positions[5]])]
    assert str(caught.value) == (
        f"NaN or Inf in states of {total} rows: 3 at layer 2, 1 at layer 4; the first is token "
        f"{token!r} at position {plan.positions[5]} of {tokenised.phrases[plan.phrases[5]]!r}: "
        "run the model in bfloat16 or float32"
    )
    assert told
    clean = encode_part(broken, tokenised, plan, 11, total, LAYERS, "tree")
    assert bool(torch.isfinite(clean[4]).all())


def test_wrong_encoders_are_refused(planned: Planned) -> None:
    tokenised, plan = planned

    def deaf(
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        return CausalStates()(ids, (1,), positions=positions, attends=attends)

    with pytest.raises(DataError, match="for layer 1 of .* expected \\[tokens, d\\] for every"):
        encode_part(deaf, tokenised, plan, 0, len(plan), (1,), "tree")
    with pytest.raises(DataError, match="for layer 3 of"):
        encode_part(deaf, tokenised, plan, 0, len(plan), (3,), "prefix")


@given(
    trees=st.integers(1, 3).flatmap(
        lambda batch: st.integers(1, 20).flatmap(
            lambda width: st.lists(
                st.tuples(*(st.integers(-1, column - 1) for column in range(width))),
                min_size=batch,
                max_size=batch,
            )
        )
    )
)
def test_ancestors_are_those_found_by_walking_up(trees: list[tuple[int, ...]]) -> None:
    parents = torch.tensor(trees)
    expected = torch.zeros(*parents.shape, parents.shape[1], dtype=torch.bool)
    for line, tree in enumerate(trees):
        for column in range(len(tree)):
            at = column
            while at >= 0:
                expected[line, column, at] = True
                at = tree[at]
    assert torch.equal(ancestors(parents), expected)
