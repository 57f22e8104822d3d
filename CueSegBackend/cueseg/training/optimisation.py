"""The optimiser of a recipe, its schedule, and its precision."""

import math
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from cueseg.training.loop_options import LoopOptions

__all__ = ["Precision", "learning_rate_at", "make_optimizer", "set_rate"]

_BACKBONES = ("encoder.", "conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4.")
_BF16_SINCE = (8, 0)  # compute capability of the first GPUs that have it


def make_optimizer(options: LoopOptions, model: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of the parameters that are trained: weight decay on weights, not on biases and norms."""
    groups = _parameter_groups(options, model)
    if options.optimizer == "sgd":
        return torch.optim.SGD(
            groups, lr=options.learning_rate, momentum=options.momentum, nesterov=options.nesterov
        )
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[options.optimizer]
    return kind(groups, lr=options.learning_rate, betas=(options.betas[0], options.betas[1]))


def _parameter_groups(options: LoopOptions, model: nn.Module) -> list[dict[str, Any]]:
    """(decayed, not decayed), of all parameters, or of the backbone and then of the rest at its own rate."""
    if options.fixed_norms:
        _fix_norms(model)
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    parts = [([p for _, p in named], 1.0)]
    if options.head_rate != 1.0:
        parts = [
            ([p for name, p in named if name.startswith(_BACKBONES)], 1.0),
            ([p for name, p in named if not name.startswith(_BACKBONES)], options.head_rate),
        ]
    return [
        {"params": [p for p in part if (p.ndim > 1) == decays], "weight_decay": decay, "factor": factor}
        for part, factor in parts
        for decays, decay in ((True, options.weight_decay), (False, 0.0))
    ]


def _fix_norms(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if f"{name}.".startswith(_BACKBONES) and isinstance(module, nn.modules.batchnorm._NormBase):
            module.requires_grad_(False)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the rate of the backbone, and that of the rest by its factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)


def learning_rate_at(options: LoopOptions, step: int) -> float:
    """A linear warm-up, then a cosine to a hundredth, a constant, or a power of what is left."""
    if step < options.warm_up:
        return options.learning_rate * (step + 1) / options.warm_up
    share = (step - options.warm_up) / max(1, options.steps - options.warm_up)
    if options.schedule == "constant":
        return options.learning_rate
    if options.schedule == "poly":
        return options.learning_rate * (1.0 - share) ** options.power
    return options.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


class Precision:
    """In what precision a network computes, and the scaling of the loss that fp16 needs.

    Args:
        wanted: "auto", "bf16", "fp16" or "off"; "auto" is "off" on a CPU.
        device: Of the network.

    Raises:
        ValueError: fp16 where PyTorch cannot scale losses.
    """

    def __init__(self, wanted: str, device: torch.device) -> None:
        if wanted == "auto":
            wanted = "off"
            if device.type == "cuda":
                wanted = "bf16" if torch.cuda.get_device_capability(device) >= _BF16_SINCE else "fp16"
        self.kind, self._device = wanted, device.type
        self.scaler = None
        if wanted == "fp16":
            if not hasattr(torch.amp, "GradScaler"):
                raise ValueError('precision = "fp16" needs PyTorch 2.3 or newer: use "bf16" or "off"')
            self.scaler = torch.amp.GradScaler(device.type)

    def autocast(self) -> AbstractContextManager[Any]:
        """Where the network runs."""
        dtype = torch.float16 if self.kind == "fp16" else torch.bfloat16
        return torch.autocast(self._device, dtype, enabled=self.kind != "off")

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, scaled if need be."""
        (loss if self.scaler is None else self.scaler.scale(loss)).backward()

    def descend(self, optimizer: torch.optim.Optimizer, model: nn.Module, clip: float) -> None:
        """One step, with the norm of the gradient at most `clip` (0: as it is)."""
        if self.scaler is not None:
            self.scaler.unscale_(optimizer)
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        if self.scaler is None:
            optimizer.step()
            return
        self.scaler.step(optimizer)
        self.scaler.update()

    def state(self) -> dict[str, Any]:
        """What a run that goes on needs."""
        return {} if self.scaler is None else self.scaler.state_dict()

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state; {} begins anew."""
        if self.scaler is not None and state:
            self.scaler.load_state_dict(state)
