"""The vocabulary readout of a model: final norm, input matrix and output matrix, saved with a hash.

It belongs to the model, not to any lens. Lens stages read it from a file, without the model.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, Self, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.files import write_bytes_atomic

NormKind = Literal["rms", "layer", "none"]

_NORM_NAMES = ("norm", "final_layernorm", "final_layer_norm", "ln_f")
_FORMULAS: tuple[NormKind, ...] = ("rms", "layer")
_FORMAT = "lensbench-readout-1"
_HEADER = "lensbench"


class _HasWeight(Protocol):
    weight: torch.Tensor
    bias: torch.Tensor | None


@dataclass(eq=False)
class VocabularyReadout:
    """Maps un-normed residual states to logits: ``scale * (unembed norm(h) + bias)``, capped.

    Not to be changed after it is made: the hash is computed once.
    """

    kind: NormKind
    """Final norm: root mean square, layer norm, or none."""
    eps: float
    """Constant added to the variance or mean square."""
    weight: torch.Tensor | None
    """Gain of the norm [d], float32; None for a norm without parameters."""
    bias: torch.Tensor | None
    """Shift of the norm [d], float32; None if it has none."""
    embed: torch.Tensor
    """Input embedding matrix [vocabulary, d], float32."""
    unembed: torch.Tensor
    """Output matrix [vocabulary, d], float32."""
    head_bias: torch.Tensor | None = None
    """Bias of the output layer [vocabulary], float32; usually None."""
    logit_scale: float = 1.0
    """Factor on the logits."""
    softcap: float | None = None
    """Bound c of ``c tanh(logits / c)``, taken last (Gemma 2, arXiv 2408.00118); None if none."""

    @classmethod
    def from_model(
        cls,
        decoder: torch.nn.Module,
        embed: torch.nn.Module,
        head: torch.nn.Module,
        vocabulary: int,
        *,
        logit_scale: float = 1.0,
        softcap: float | None = None,
    ) -> Self:
        """Read the maps off a model; ``vocabulary`` is how many rows the tokenizer can produce.

        Raises:
            UsageError: ``vocabulary`` exceeds the rows of either matrix.
            MismatchError: The final norm is none of the known kinds (found out by running it).
        """
        inputs, outputs = cast(_HasWeight, embed), cast(_HasWeight, head)
        rows = min(inputs.weight.shape[0], outputs.weight.shape[0])
        if not 0 < vocabulary <= rows:
            raise UsageError(f"vocabulary {vocabulary}: expected 1..{rows}, the rows of the model")
        device = outputs.weight.device
        kind, eps, weight, bias = _read_norm(decoder, outputs.weight.shape[1], device)
        head_bias = getattr(head, "bias", None)
        return cls(
            kind=kind,
            eps=eps,
            weight=weight,
            bias=bias,
            embed=_float(inputs.weight[:vocabulary], device),
            unembed=_float(outputs.weight[:vocabulary], device),
            head_bias=None if head_bias is None else _float(head_bias[:vocabulary], device),
            logit_scale=logit_scale,
            softcap=softcap,
        )

    def normalise(self, states: torch.Tensor) -> torch.Tensor:
        """Apply the final norm to [..., d] residual states, in float32."""
        return _apply_norm(self.kind, self.eps, self.weight, self.bias, states.float())

    def uncapped(self, states: torch.Tensor) -> torch.Tensor:
        """Return [..., vocabulary] logits before the cap, which changes no ranking."""
        logits = self.normalise(states) @ self.unembed.T
        if self.head_bias is not None:
            logits = logits + self.head_bias
        return logits * self.logit_scale if self.logit_scale != 1.0 else logits

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Return [..., vocabulary] logits of un-normed [..., d] states, in float32."""
        logits = self.uncapped(states)
        return logits if self.softcap is None else self.softcap * torch.tanh(logits / self.softcap)

    def fingerprint(self) -> str:
        """Return the sha256 of norm kind and constant, scale and cap of the logits, and tensors."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        # An absent cap is left out, so that readouts saved before there were caps keep their hash.
        caps = [] if self.softcap is None else [self.softcap]
        numbers = [self.kind, self.eps, self.logit_scale, *caps]
        hasher = hashlib.sha256(json.dumps(numbers).encode())
        for name, tensor in sorted(self._tensors().items()):
            hasher.update(f"{name}{tuple(tensor.shape)}".encode())
            hasher.update(tensor.cpu().contiguous().numpy().data)
        return hasher.hexdigest()

    def save(self, path: Path) -> None:
        """Write everything to one safetensors file, replaced only when complete.

        Raises:
            DataError: The file cannot be written.
        """
        tensors = {name: tensor.cpu().contiguous() for name, tensor in self._tensors().items()}
        tied = torch.equal(tensors["embed"], tensors["unembed"])
        if tied:
            del tensors["unembed"]
        # One metadata key, because the library writes several in random order.
        header = {
            "format": _FORMAT,
            "kind": self.kind,
            "eps": self.eps,
            "logit_scale": self.logit_scale,
            "softcap": self.softcap,
            "tied": tied,
            "sha256": self.fingerprint(),
        }
        write_bytes_atomic(path, save(tensors, metadata={_HEADER: json.dumps(header)}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file written by :meth:`save`.

        Raises:
            DataError: The file is missing, unreadable or of another kind.
            MismatchError: Its content does not have the hash it was saved with.
        """
        try:
            with safe_open(path, framework="pt") as stored:
                header = json.loads((stored.metadata() or {}).get(_HEADER, "{}"))
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, json.JSONDecodeError) as error:
            raise DataError(f"cannot read readout {path}: {error}") from error
        if header.get("format") != _FORMAT:
            raise DataError(f"{path} is not a readout file of format {_FORMAT}")
        if header["tied"] and "embed" in tensors:
            tensors["unembed"] = tensors["embed"]
        if not tensors.keys() >= {"embed", "unembed"}:
            raise DataError(f"readout {path} lacks a matrix: it has {', '.join(sorted(tensors))}")
        scalars = {name: header[name] for name in ("kind", "eps", "logit_scale")}
        scalars["softcap"] = header.get("softcap")
        readout = cls(**{"weight": None, "bias": None, **tensors, **scalars})
        if readout.fingerprint() != header["sha256"]:
            raise MismatchError(
                f"readout {path} was changed after it was saved: sha256 is "
                f"{readout.fingerprint()[:12]}, expected {header['sha256'][:12]}"
            )
        return readout

    def _tensors(self) -> dict[str, torch.Tensor]:
        named = {
            "weight": self.weight,
            "bias": self.bias,
            "embed": self.embed,
            "unembed": self.unembed,
            "head_bias": self.head_bias,
        }
        return {name: tensor for name, tensor in named.items() if tensor is not None}


def logit_factor(config: Any) -> float:
    """Return the factor on the logits that a text model's configuration asks for."""
    if (divisor := getattr(config, "logits_scaling", None)) is not None:
        return 1.0 / float(divisor)
    return float(getattr(config, "logit_scale", None) or 1.0)


def logit_cap(config: Any) -> float | None:
    """Return the bound on the logits that a text model's configuration asks for, if any."""
    cap = getattr(config, "final_logit_softcapping", None)
    return None if cap is None else float(cap)


def _read_norm(
    decoder: torch.nn.Module, width: int, device: torch.device
) -> tuple[NormKind, float, torch.Tensor | None, torch.Tensor | None]:
    """Find the final norm of ``decoder`` and the formula that reproduces it on random states."""
    module = next((getattr(decoder, name) for name in _NORM_NAMES if hasattr(decoder, name)), None)
    if module is None or isinstance(module, torch.nn.Identity):
        return "none", 0.0, None, None
    weight = getattr(module, "weight", None)
    bias = getattr(module, "bias", None)
    gain = None if weight is None else _float(weight, device)
    shift = None if bias is None else _float(bias, device)
    eps = float(getattr(module, "variance_epsilon", getattr(module, "eps", 1e-5)))
    states = torch.randn(8, width, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        expected = copy.deepcopy(module).float().to(device)(states)
        # Some norms (Gemma) store the gain minus one.
        for candidate in (gain, None if gain is None else gain + 1):
            for kind in _FORMULAS:
                found = _apply_norm(kind, eps, candidate, shift, states)
                if torch.allclose(found, expected, rtol=1e-4, atol=1e-5):
                    return kind, eps, candidate, shift
    raise MismatchError(
        f"final norm {type(module).__name__} is neither a root-mean-square norm nor a layer norm"
    )


def _apply_norm(
    kind: NormKind,
    eps: float,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    states: torch.Tensor,
) -> torch.Tensor:
    """Return the norm of [..., d] float32 states (RMSNorm: Zhang & Sennrich 2019, equation 4)."""
    if kind == "none":
        return states
    if kind == "layer":
        return torch.nn.functional.layer_norm(states, states.shape[-1:], weight, bias, eps)
    normed = states * torch.rsqrt(states.pow(2).mean(-1, keepdim=True) + eps)
    if weight is not None:
        normed = normed * weight
    return normed if bias is None else normed + bias


def _float(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    return tensor.detach().to(device=device, dtype=torch.float32)
