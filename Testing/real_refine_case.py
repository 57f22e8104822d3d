"""A refinement of a real network that has learnt nothing, with strokes of every kind."""

from pathlib import Path

import numpy as np
import torch

from cueseg.models.unet import UNet
from cueseg.networks import NetworkCard, save_network
from refine_case import RefineCase
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.Session import Session

SHAPE = (6, 18, 22)
STROKES = (np.s_[1:2, 1:3, 3:9], np.s_[2:3, 6:8, 6:12], np.s_[4:5, 12:14, 6:9], np.s_[3:4, 16:17])


def save_random_network(path: Path) -> None:
    torch.manual_seed(1)
    options = {"base": 4, "levels": 2, "norm": "instance"}
    card = NetworkCard(
        name="organs",
        dims=3,
        in_channels=1,
        classes=("background", "liver", "spleen"),
        intensity={"kind": "zscore", "nonzero": False},
        multiple=2,
        architecture="unet",
        model_options=options,
    )
    save_network(path, UNet(3, 1, 3, **options), card)


def real_case(build, geometry: str, image: np.ndarray, network: Path) -> RefineCase:
    """A session over the real backend."""
    case = RefineCase(build, geometry, image, set_up=False)
    case.session = Session(build.scene, case.queue, Backend())
    case.set_up(network=str(network))
    return case


def scribbled_case(build, network: Path) -> RefineCase:
    """A session over the real backend with a stroke for the background, both classes and a new label."""
    image = np.random.default_rng(0).normal(50, 20, SHAPE).astype(np.float32)
    image[1:5, 5:15, 5:15] += 150
    case = real_case(build, "tilted", image, network)
    case.session.newOrgan("heart")
    for index, box in enumerate(STROKES):
        case.paint(index, box)
    return case
