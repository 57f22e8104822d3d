import numpy as np
import pytest
import torch

from cueseg.confidence import confidence_map, gaussian_points
from cueseg.network_input import network_input

CLICKS = np.array([[20.0, 50], [80, 47], [55, 15], [48, 85]])


@pytest.mark.parametrize(
    ("cue", "preset", "channels"),
    [("none", "paper", 3), ("cm", "paper", 4), ("cm", "code", 4), ("ep", "paper", 4), ("cm+ep", "paper", 5)],
)
def test_channels_follow_the_cue_and_use_the_whole_range(cue, preset, channels):
    window = torch.full((1, 96, 96, 3), 100.0)
    x = network_input(window, torch.from_numpy(CLICKS)[None], cue, preset)
    assert x.shape == (1, channels, 96, 96)
    assert (x[:, :3] == 100).all()
    if channels > 3:
        assert x[:, 3:].amax(dim=(0, 2, 3)).tolist() == pytest.approx([255] * (channels - 3), abs=3)


def test_the_maps_are_those_of_the_numpy_functions_map_first():
    window = torch.zeros((1, 96, 96, 3))
    x = network_input(window, torch.from_numpy(CLICKS)[None], "cm+ep", "paper")[0].numpy()
    assert x[3] == pytest.approx(confidence_map(CLICKS, (96, 96)) * 255, abs=1e-2)
    assert x[4] == pytest.approx(gaussian_points(CLICKS, (96, 96), 10 * 96 / 512) * 255, abs=1e-2)
