from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from harness.core.errors import DataError
from harness.training.dropout import branches, response_dropout
from harness.vlms.text import CausalTextModel
from tests.vlms.checkpoints.controlled import Variant, save_language_model


@pytest.fixture(scope="module", params=["llama", "qwen2", "olmo2"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a tiny language model; the last has its norms behind attention and MLP."""
    path = tmp_path_factory.mktemp(request.param)
    save_language_model(path, Variant(language=request.param))
    return CausalTextModel(path)


def run(model: Any, rate: float, where: torch.Tensor, seed: int = 3) -> torch.Tensor:
    """Return the states after the last block."""
    ids = torch.arange(4, 14)[None].repeat(2, 1)
    with torch.no_grad(), response_dropout(model.blocks, rate, where, seed):
        states: torch.Tensor = model.decoder(input_ids=ids, use_cache=False).last_hidden_state
    return states


def test_only_what_follows_the_chosen_positions_changes(model: Any) -> None:
    """Positions before the response are untouched to the bit, those in it are not."""
    where = torch.zeros(2, 10, dtype=torch.bool)
    plain = run(model, 0.5, where)
    assert torch.equal(run(model, 0.0, ~where), plain)
    where[:, 6:] = True
    dropped = run(model, 0.5, where)
    assert torch.equal(dropped[:, :6], plain[:, :6])
    assert ((dropped[:, 6:] - plain[:, 6:]).abs().amax(-1) > 0).all()
    assert torch.equal(run(model, 0.5, where), dropped)
    assert not torch.equal(run(model, 0.5, where, seed=4), dropped)


def test_nothing_stays_behind(model: Any) -> None:
    """The model is as before once the context ends."""
    where = torch.ones(2, 10, dtype=torch.bool)
    before = run(model, 0.0, where)
    run(model, 0.9, where)
    assert torch.equal(run(model, 0.0, where), before)


def test_the_branches_are_what_a_block_adds_to_its_stream(model: Any) -> None:
    """Input plus both additions is the block's output, whatever stands before or behind them."""
    added: list[torch.Tensor] = []
    seen: dict[str, torch.Tensor] = {}

    def keep(module: nn.Module, given: object, output: Any) -> None:
        added.append(output[0] if isinstance(output, tuple) else output)

    def around(module: nn.Module, given: tuple[Any, ...], output: Any) -> None:
        seen["in"], seen["out"] = given[0], output[0] if isinstance(output, tuple) else output

    block = model.blocks[0]
    hooks = [branch.register_forward_hook(keep) for branch in branches(block)]
    hooks.append(block.register_forward_hook(around))
    run(model, 0.0, torch.ones(2, 10, dtype=torch.bool))
    for hook in hooks:
        hook.remove()
    assert torch.allclose(seen["in"] + added[0] + added[1], seen["out"], atol=1e-5)


def test_the_rate_and_the_mean_are_kept() -> None:
    """A share of ``rate`` becomes zero and the rest grows, so that the mean stays."""
    block = nn.Module()
    block.self_attn, block.mlp = nn.Identity(), nn.Identity()
    ones = torch.ones(4, 50, 200)
    with response_dropout([block], 0.25, torch.ones(4, 50, dtype=torch.bool), 1):
        dropped = block.mlp(ones)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.01)


def test_an_unknown_block_is_one_line() -> None:
    """A block whose branches have other names is refused, with the way around it."""
    with pytest.raises(DataError, match="train with dropout = 0"):
        branches(nn.Sequential(nn.Linear(2, 2)))
