"""Finding out what a network takes and gives, by looking at its layers and running it on noise."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cueseg.networks.card import NetworkCard

__all__ = [
    "FORWARD_ERRORS",
    "Probe",
    "guess_dims",
    "guess_in_channels",
    "noise_shapes",
    "probe",
    "run_on_noise",
]

FORWARD_ERRORS = (RuntimeError, ValueError, AssertionError, LookupError, TypeError, AttributeError)
"""What a network raises for an input it cannot take."""

_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
_LEAST_SIDE = {2: 48, 3: 24}  # pixels: deep networks normalise over a few voxels at least


@dataclass(frozen=True)
class Probe:
    """What running on noise showed.

    Attributes:
        multiple: sides of this multiple work, smaller powers of two do not.
        channels: of the output.
    """

    multiple: int
    channels: int


def guess_dims(module: nn.Module) -> int:
    """Spatial axes of the first convolution (2 or 3).

    Raises:
        ValueError: no convolution over an image or volume in it.
    """
    return _first_kernel(module).ndim - 2


def guess_in_channels(module: nn.Module) -> int:
    """Input channels of the first convolution in order of registration."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Conv3d):
            return part.in_channels
    return int(_first_kernel(module).shape[1])  # TorchScript: kernels alone are seen


def _first_kernel(module: nn.Module) -> Tensor:
    for tensor in module.state_dict().values():
        if isinstance(tensor, Tensor) and tensor.ndim in (4, 5):
            return tensor
    raise ValueError("the network has no convolution over images or volumes: give dims and in_channels")


def probe(module: nn.Module, dims: int, in_channels: int, read_output: Callable[[object], Tensor]) -> Probe:
    """Run a module on small noise of growing multiples of two until the output has the input's size.

    Args:
        module: in eval mode, on the CPU.
        dims: 2 or 3.
        in_channels: channels of the noise.
        read_output: takes the logits out of what the module returns.

    Raises:
        ValueError: no size works; the message quotes what the module said.
    """
    if dims not in (2, 3) or in_channels < 1:
        raise ValueError(f"dims is {dims} and in_channels {in_channels}: they must be 2 or 3, and 1 or more")
    complaint = ""
    for multiple in _MULTIPLES:
        count = math.ceil(_LEAST_SIDE[dims] / multiple) | 1  # odd, so that the multiple is not a larger one
        shape = (multiple * count,) * dims
        try:
            output = run_on_noise(module, in_channels, shape)
        except FORWARD_ERRORS as error:
            complaint = first_line(error)
            continue
        logits = read_output(output)
        if tuple(logits.shape[2:]) == shape:
            return Probe(multiple, int(logits.shape[1]))
        complaint = f"an input of {_sides(shape)} gave an output of {_sides(tuple(logits.shape[2:]))}"
    raise ValueError(
        f"the network does not turn {dims}D images of {in_channels} channels into maps of the same size "
        f"({complaint}): check dims and in_channels, pad inside the module, or load it with a card that names its "
        "patch_size"
    )


def noise_shapes(card: NetworkCard) -> list[tuple[int, ...]]:
    """Sizes on which a network should run: a small one, then its patch; the patch alone if that is smaller."""
    side = card.multiple * math.ceil(_LEAST_SIDE[card.dims] / card.multiple)
    small = (side,) * card.dims
    if card.patch_size is None:
        return [small]
    return [small, card.patch_size] if math.prod(small) < math.prod(card.patch_size) else [card.patch_size]


def run_on_noise(module: nn.Module, in_channels: int, shape: tuple[int, ...]) -> object:
    """Output for noise (1, in_channels, *shape), the same at every call; no gradients."""
    noise = torch.randn((1, in_channels, *shape), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return module(noise)


def first_line(error: Exception) -> str:
    """What the error says, or its kind, in one line; of TorchScript's tracebacks the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[-1] if "Traceback" in str(error) else lines[0]


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "no spatial axes"
