"""Checks of the hidden states: which layer they are of, whether finite, whether repeatable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from harness.core.errors import UsageError
from harness.vlms.conformance.trial import Outcome, Trial, outcome
from harness.vlms.probes import accepted_error, logit_error


def finite(trial: Trial) -> Iterator[Outcome]:
    """Look for NaN and infinity at every layer."""
    layers = range(trial.last + 1)
    states = trial.adapter.encode(trial.image, layers).states
    if missing := [layer for layer in layers if layer not in states]:
        yield outcome(False, f"no states of layer {missing[0]}")
        return
    bad = {layer: int((~torch.isfinite(states[layer])).any(-1).sum()) for layer in layers}
    worst = next((layer for layer in layers if bad[layer]), None)
    if worst is None:
        lengths = [float(states[layer].norm(dim=-1).max()) for layer in layers]
        yield outcome(True, f"{len(layers)} layers, longest state {max(lengths):.3g}")
    else:
        yield outcome(False, f"layer {worst}: {bad[worst]} tokens with NaN or infinity")


def determinism(trial: Trial) -> Iterator[Outcome]:
    """Run the model again and compare every bit of what enters and of what leaves its blocks."""
    first = trial.tokens.states
    again = trial.adapter.encode(trial.image, tuple(first)).states
    for layer, states in first.items():
        different = _bits(states) != _bits(again[layer])
        if bool(different.any()):
            tokens = int(different.any(-1).sum())
            yield outcome(False, f"layer {layer}: {tokens} of {len(states)} tokens differ")
            return
    yield outcome(True, "two passes equal to the last bit")


def readout(trial: Trial) -> Iterator[Outcome]:
    """Compare norm and output matrix applied to layer N with the model's own logits.

    The logits come from a pass of their own, of the whole sequence; the visual tokens are found in
    it by their states, so that a last layer that was normed on its way out finds none.
    """
    visual = trial.tokens.states[trial.last]
    states, logits = trial.adapter.own_logits(trial.image)
    states = states.float().cpu()
    accepted = accepted_difference(trial)
    # By default long rows are compared through products, which loses half the digits.
    distance, place = torch.cdist(visual, states, compute_mode="donot_use_mm_for_euclid_dist").min(
        dim=1
    )
    apart = float((distance / visual.norm(dim=-1).clamp_min(1e-30)).max())
    if not apart <= accepted:
        yield outcome(False, f"layer {trial.last} is not the model's own: off by {apart:.2g}")
        return
    error = logit_error(trial.adapter.readout(), visual, logits[place.to(logits.device)])
    yield outcome(error <= accepted, f"relative error {error:.1e}, accepted {accepted:.0e}")


def layer_range(trial: Trial) -> Iterator[Outcome]:
    """Ask for layers that do not exist, of an image and of text."""
    ids = torch.tensor([trial.adapter.tokenizer.encode("a")])
    asked: dict[str, Callable[[int], object]] = {
        "image": lambda layer: trial.adapter.encode(trial.image, (layer,)),
        "text": lambda layer: trial.adapter.text_states(ids, (layer,)),
    }
    answered = [
        f"layer {layer} of {kind}"
        for kind, ask in asked.items()
        for layer in (-1, trial.last + 1)
        if not _refused(ask, layer)
    ]
    yield outcome(
        not answered,
        f"answered for {', '.join(answered)}" if answered else f"0..{trial.last}, others refused",
    )


def accepted_difference(trial: Trial) -> float:
    """Return the largest relative difference that rounding excuses in this model."""
    return accepted_error(trial.adapter.facts.dtype)


def _bits(states: torch.Tensor) -> torch.Tensor:
    """Return float32 states as whole numbers: NaN equals NaN, and 0 is not -0."""
    return states.contiguous().view(torch.int32)


def _refused(ask: Callable[[int], object], layer: int) -> bool:
    try:
        ask(layer)
    except UsageError:
        return True
    return False
