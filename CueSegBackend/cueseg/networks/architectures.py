"""Networks that a card can name, so that a file needs to hold tensors only. Needs no torch until one is built."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from cueseg.networks.card import NetworkCard

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ARCHITECTURES", "build_network"]

_HOMES = {
    "unet": "cueseg.models.unet:UNet",
    "unet-2.5d": "cueseg.models.unet25d:UNet25D",
    "p-net": "cueseg.models.p_net:p_net",
    "pc-net": "cueseg.models.p_net:pc_net",
    "deepbrain": "cueseg.networks.architectures:_deepbrain",
    "plain-nnunet": "cueseg.networks.plain_nnunet:PlainConvUNet",
    "residual-nnunet": "cueseg.networks.plain_nnunet:ResidualEncoderUNet",
    "monai-unet": "cueseg.networks.formats.monai_networks:unet",
    "monai-basicunet": "cueseg.networks.formats.monai_networks:basic_unet",
    "monai-dynunet": "cueseg.networks.formats.monai_networks:dyn_unet",
    "monai-segresnet": "cueseg.networks.formats.monai_networks:seg_res_net",
    "monai-unetr": "cueseg.networks.formats.monai_networks:unetr",
    "monai-attentionunet": "cueseg.networks.formats.monai_networks:attention_unet",
}

ARCHITECTURES = tuple(_HOMES)
"""The names that a card's `architecture` may have."""


def build_network(card: NetworkCard) -> "nn.Module":
    """Build the network a card names, with random weights, without touching the caller's random numbers.

    Each builder is called with (dims, in_channels, out_channels, **model_options).

    Returns:
        The network, on the CPU.

    Raises:
        ValueError: no such name, or options it does not take.
        ModuleNotFoundError: the network comes from a package that is not installed; the message names the command.
    """
    import torch

    builder = _builder(card.architecture)
    with torch.random.fork_rng(devices=[]):
        try:
            return builder(card.dims, card.in_channels, card.out_channels, **card.model_options)
        except (TypeError, ValueError, RuntimeError, LookupError, AttributeError) as error:
            raise ValueError(
                f"architecture {card.architecture!r} cannot be built with dims {card.dims}, {card.in_channels} input "
                f"and {card.out_channels} output channels and model_options {card.model_options}: {error}. Correct "
                "the card"
            ) from error


def _builder(name: str) -> Callable[..., "nn.Module"]:
    if name not in _HOMES:
        close = get_close_matches(name, ARCHITECTURES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"card field architecture is {name!r}: a file of weights alone needs one of "
            f"{', '.join(ARCHITECTURES)}{hint}; a network of another kind can be saved as unfrozen TorchScript"
        )
    module_name, attribute = _HOMES[name].split(":")
    return getattr(import_module(module_name), attribute)


def _deepbrain(dims: int, in_channels: int, out_channels: int, **options: int) -> "nn.Module":
    from cueseg.networks.deepbrain import DeepBrain

    if (dims, in_channels, out_channels) != (3, 1, 1):
        raise ValueError("the brain extractor has 3 dims, 1 input and 1 output channel")
    return DeepBrain(**options)
