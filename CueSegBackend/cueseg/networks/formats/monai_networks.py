"""The networks of MONAI that a bundle or a card may name, and no others. Needs the package monai."""

import warnings
from collections.abc import Callable
from typing import Any

from torch import nn

from cueseg.networks.formats.packages import require_package

__all__ = ["MONAI_NETWORKS", "attention_unet", "basic_unet", "dyn_unet", "seg_res_net", "unet", "unetr"]

MONAI_NETWORKS = {
    "UNet": "monai-unet",
    "BasicUNet": "monai-basicunet",
    "DynUNet": "monai-dynunet",
    "SegResNet": "monai-segresnet",
    "UNETR": "monai-unetr",
    "AttentionUnet": "monai-attentionunet",
}
"""Class of `monai.networks.nets` -> architecture of a card."""


def _builder(name: str) -> Callable[..., nn.Module]:
    def build(dims: int, in_channels: int, out_channels: int, **options: Any) -> nn.Module:
        """Build the network of MONAI with random weights; `options` are its other arguments."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of MONAI's own imports and deprecations
            networks = require_package("monai.networks.nets", "monai", f"to build its network {name}")
            return getattr(networks, name)(
                spatial_dims=dims, in_channels=in_channels, out_channels=out_channels, **options
            )

    return build


unet = _builder("UNet")
basic_unet = _builder("BasicUNet")
dyn_unet = _builder("DynUNet")
seg_res_net = _builder("SegResNet")
unetr = _builder("UNETR")
attention_unet = _builder("AttentionUnet")
