"""`load_network`: any file or folder users have becomes a `SegmentationNetwork`, or is refused with a remedy."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from cueseg.networks.card import NetworkCard
from cueseg.networks.formats.recognition import recognise
from cueseg.networks.network import SegmentationNetwork
from cueseg.networks.shelf import list_networks, shipped_path

__all__ = ["find_network", "list_networks", "load_network"]

_LOADERS = {
    "state dict": "beside_card:load_weights",
    "safetensors": "beside_card:load_weights",
    "TorchScript": "beside_card:load_torchscript",
    "torch.export archive": "beside_card:load_exported",
    "MONAI bundle": "monai_bundle:load_bundle",
    "nnU-Net v2 folder": "nnunet_folder:load_nnunet",
}

Loader = Callable[[Path, NetworkCard | None], SegmentationNetwork]


def load_network(path: str | os.PathLike[str], card: NetworkCard | None = None) -> SegmentationNetwork:
    """Load a network without running code of the file.

    Formats: weights alone (.pt, .pth, .safetensors) with a card that names the architecture; TorchScript; archives of
    torch.export (.pt2), only with weights that can be read safely; MONAI bundles (folder or zip); result folders of
    nnU-Net v2. A card is a .json file of the same name beside the file; bundles and nnU-Net folders bring their own.

    Args:
        path: file or folder, or the name of a shipped network.
        card: replaces the card that would be read.

    Returns:
        The network in eval mode, float32 on the CPU.

    Raises:
        FileNotFoundError: no such file.
        ModuleNotFoundError: a package is needed; the message names the command.
        ValueError: damaged, holding code, of an unknown kind, without a card or not fitting it; the message says
            which key, shape or setting is wrong and what to do.
    """
    location = find_network(path)
    module_name, function_name = _LOADERS[recognise(location)].split(":")
    loader: Loader = getattr(import_module(f"cueseg.networks.formats.{module_name}"), function_name)
    return loader(location, card)


def find_network(path: str | os.PathLike[str]) -> Path:
    """The path of a network given by path or by the name of a shipped one.

    Raises:
        FileNotFoundError: no such path.
        ValueError: no shipped network of this name.
    """
    if not isinstance(path, str | os.PathLike):
        raise ValueError(
            f"{path!r} is no network: give the path of a file or folder, or the name of a shipped one"
        )
    location = Path(path)
    if location.exists():
        return location
    if isinstance(path, str) and location.name == path and not location.suffix.isalnum() and "." not in path:
        return shipped_path(path)
    raise FileNotFoundError(f"no network {location}: check the path, or give a name of list_networks()")
