"""Files for commands that run a segmentation network: a tiny network, an image, segments."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch

from cueseg.image_files import Segmentation, read_image, write_segmentation
from cueseg.models.unet import UNet
from cueseg.networks import NetworkCard, save_network

SHAPE = (4, 24, 20)


def save_tiny_network(path: Path, name_of_object: str) -> None:
    """A network of two classes that has learnt nothing."""
    card = NetworkCard(
        name="tiny",
        dims=2,
        in_channels=1,
        classes=("background", name_of_object),
        architecture="unet",
        model_options={"base": 4, "levels": 2},
        multiple=2,
        licence="MIT",
    )
    torch.manual_seed(0)
    save_network(path, UNet(2, 1, 2, base=4, levels=2).eval(), card)


def save_image(path: Path, array: np.ndarray) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))


def write_segments(folder: Path, name: str, labels: np.ndarray, names: list[str]) -> None:
    """`name`.seg.nrrd, on the grid of the folder's image.nrrd; label k is the k-th name."""
    image = read_image(folder / "image.nrrd")
    write_segmentation(folder / f"{name}.seg.nrrd", Segmentation.from_labels(labels, names), image)


def network_words(command: str, files: Path, *more: object, image: str = "image.nrrd") -> list[str]:
    words = [command, files / image, "--network", files / "net.pt", "--output", files / "out.seg.nrrd"]
    return [str(word) for word in (*words, *more)]
