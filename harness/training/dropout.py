"""Dropout of the response: blocks of a frozen language model add noise where captions are said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

import torch
from torch import Tensor, nn

from harness.core.errors import DataError

_POST_NORMED: Final = ("post_attention_layernorm", "post_feedforward_layernorm")
_PLAIN: Final = (
    ("self_attn", "mlp"),
    ("attn", "mlp"),
    ("attention", "mlp"),
    ("self_attention", "mlp"),
)


@contextmanager
def response_dropout(
    blocks: Sequence[nn.Module], rate: float, where: Tensor, seed: int
) -> Iterator[None]:
    """Drop elements of what attention and MLP add to the residual stream at some positions.

    Inside, every block's two additions are scaled by 1 / (1 - rate) and dropped with probability
    ``rate`` where ``where`` says so, as in the training of Molmo (``response_residual_dropout``;
    Deitke et al. 2024, arXiv 2409.17146). A draw depends on ``seed``, block and branch alone.

    Args:
        blocks: Decoder blocks.
        rate: Probability of dropping an element; 0 changes nothing.
        where: Boolean [b, t].
        seed: Key of the draws.

    Raises:
        DataError: The branches of a block are not known by name.
    """
    with ExitStack() as stack:
        if rate:
            for number, block in enumerate(blocks):
                for side, branch in enumerate(branches(block)):
                    hook = _Drop(rate, where, seed + 2 * number + side)
                    stack.callback(branch.register_forward_hook(hook).remove)
        yield


def branches(block: nn.Module) -> tuple[nn.Module, nn.Module]:
    """Return the modules whose outputs a block adds to its stream: attention's, then the MLP's.

    Raises:
        DataError: The block's modules have none of the known names.
    """
    children = dict(block.named_children())
    for pair in (_POST_NORMED, *_PLAIN):  # a norm after the MLP is there only if it is added last
        if all(name in children for name in pair):
            return children[pair[0]], children[pair[1]]
    raise DataError(
        f"response dropout: cannot tell the branches of {type(block).__name__} "
        f"({', '.join(children)}); train with dropout = 0"
    )


class _Drop:
    """A forward hook that drops elements of the output at some positions."""

    def __init__(self, rate: float, where: Tensor, seed: int) -> None:
        self.rate, self.where, self.seed = rate, where, seed

    def __call__(self, module: nn.Module, arguments: object, output: object) -> object:
        if isinstance(output, tuple):
            return (self._dropped(output[0]), *output[1:])
        if not isinstance(output, Tensor):
            raise TypeError(f"{type(module).__name__} returns {type(output).__name__}")
        return self._dropped(output)

    def _dropped(self, added: Tensor) -> Tensor:
        lot = torch.Generator(added.device).manual_seed(self.seed)
        draws = torch.rand(added.shape, generator=lot, device=added.device)
        kept = (draws >= self.rate).to(added.dtype) / (1 - self.rate)
        return torch.where(self.where[..., None], added * kept, added)
