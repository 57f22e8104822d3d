"""The cue channels of the network's input, from clicks in the window; training and inference share it."""

import torch
from torch import Tensor

from cueseg.confidence_torch import confidence_map_batch, gaussian_points_batch
from cueseg.geometry import FRAME_SIZE

GAUSSIAN_FWHM = 10.0  # pixels in the 512 frame (DEXTR's convention)


def network_input(window: Tensor, points: Tensor, cue: str, preset: str) -> Tensor:
    """Stack image and cues.

    Args:
        window: (N, S, S, 3) float32, 0..255.
        points: (N, 4, 2) clicks (x, y) in the window.
        cue: "cm", "ep", "cm+ep" or "none".
        preset: Preset of the confidence map; "paper" is scaled from 0..1 to 0..255 here, "code" already is.

    Returns:
        (N, 3 + cues, S, S) float32, 0..255.
    """
    size = window.shape[1]
    channels = [window.permute(0, 3, 1, 2)]
    if "cm" in cue:
        channels.append(confidence_map_batch(points, (size, size), preset=preset)[:, None] * _gain(preset))
    if "ep" in cue:
        sigma = GAUSSIAN_FWHM * size / FRAME_SIZE
        channels.append(gaussian_points_batch(points, (size, size), sigma)[:, None] * 255.0)
    return torch.cat(channels, dim=1)


def _gain(preset: str) -> float:
    return 1.0 if preset == "code" else 255.0
