"""Networks by name. Importing this package does not import torch: it waits until a network is built."""

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

__all__ = ["IN_CHANNELS", "MODEL_NAMES", "create_model"]

IN_CHANNELS = (3, 4, 5)
"""Allowed input channels: colour alone, colour and one cue, colour and two cues."""

_HOMES = {
    "compact": "cueseg.models.compact:create_compact",
    "compact-psp": "cueseg.models.compact:create_compact",
    "psp-resnet18": "cueseg.models.resnet:create_psp_resnet",
    "psp-resnet34": "cueseg.models.resnet:create_psp_resnet",
    "psp-resnet50": "cueseg.models.resnet:create_psp_resnet",
    "psp-resnet101": "cueseg.models.resnet:create_psp_resnet",
}

MODEL_NAMES = tuple(_HOMES)
"""The names that `create_model` knows."""


def create_model(name: str, in_channels: int = 4, **options: Any) -> "nn.Module":
    """Build a network with random weights.

    Every network takes float images (N, in_channels, H, W) in the scale 0..255, channels red, green, blue,
    then the cues, and returns logits (N, 1, H, W) at the size of the input. Pass images as they are: a
    network that wants another scale applies it itself.

    Args:
        name: one of `MODEL_NAMES`.
        in_channels: 3, 4 or 5.
        **options: options of that architecture by name, e.g. ``head_channels=64`` for the ``psp-`` ones.

    Returns:
        The network, in training mode.

    Raises:
        ValueError: unknown name, wrong options, a number of channels that is not allowed.
    """
    _check_name(name)
    if type(in_channels) is not int or in_channels not in IN_CHANNELS:
        raise ValueError(
            f"in_channels={in_channels!r} is not supported: "
            "use 3 (colour), 4 (colour and one cue) or 5 (colour and two cues)"
        )
    module_name, function_name = _HOMES[name].split(":")
    factory = getattr(import_module(module_name), function_name)
    try:
        return factory(name, in_channels, **options)
    except TypeError as error:
        if not options:
            raise
        raise ValueError(f"model {name!r} cannot be built with the options {options}: {error}") from error


def _check_name(name: str) -> None:
    if isinstance(name, str) and name in _HOMES:
        return
    close = get_close_matches(str(name), MODEL_NAMES, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"unknown model {name!r}: choose one of {', '.join(MODEL_NAMES)}{hint}")
