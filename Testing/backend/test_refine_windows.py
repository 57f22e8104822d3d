"""Windows cover the grid, blending is exact, and few windows cover the scribbles."""

import numpy as np
import pytest
import torch

from cueseg.networks.inference import Blend, predict_windows, read_windows
from cueseg.networks.windows import plan_windows

CASES = [
    ((40, 50), None, 1, 0),
    ((40, 50), None, 16, 0),
    ((40, 50), (16, 16), 1, 0),
    ((10, 50), (16, 16), 8, 0),
    ((12, 20, 21), (8, 8, 16), 1, 0),
    ((5, 40, 50), (16, 16), 1, 1),
    ((5, 40, 50), None, 4, 1),
]


@pytest.mark.parametrize(("shape", "patch", "multiple", "flat"), CASES)
def test_blending_what_was_read_gives_the_image_back(shape, patch, multiple, flat):
    plan = plan_windows(shape, patch, multiple, flat=flat)
    image = torch.randn((2, *shape), generator=torch.Generator().manual_seed(0))
    dims = len(shape) - flat
    seen = []

    def run(index):
        window = read_windows(image, plan, [index], dims)
        assert window.shape == (1, 2, *plan.size[flat:])
        assert all(side % multiple == 0 for side in window.shape[2:])
        return window[0]

    blended = predict_windows(run, Blend(plan, 2), lambda done, total: seen.append((done, total)))
    assert torch.allclose(blended, image, atol=1e-5)
    if len(plan) == 1 or (flat and patch is None):
        assert torch.equal(blended, image)  # nothing overlaps, nothing is weighted
    assert seen[0] == (0, len(plan))
    assert seen[-1] == (len(plan), len(plan))


def test_a_box_is_blended_as_the_whole_is():
    plan = plan_windows((30, 40), (16, 16))
    maps = torch.randn((len(plan), 3, 16, 16), generator=torch.Generator().manual_seed(0))
    whole = predict_windows(lambda index: maps[index], Blend(plan, 3))
    box = Blend(plan, 3, (4, 9), (11, 13))
    assert 0 < len(box.indices) < len(plan)
    assert torch.equal(predict_windows(lambda index: maps[index], box), whole[:, 4:11, 9:13])


def test_neighbours_share_at_least_the_overlap():
    plan = plan_windows((100,), (20,), overlap=0.5)
    starts = plan.starts[:, 0]
    assert starts[0] == 0
    assert starts[-1] == 80
    assert (np.diff(starts) <= 10).all()


def test_the_edge_is_repeated_beyond_the_image():
    plan = plan_windows((3, 5), None, 4)
    window = read_windows(torch.arange(15.0).reshape(1, 3, 5), plan, [0], 2)[0, 0]
    assert window.shape == (4, 8)
    assert torch.equal(window[3], window[2])
    assert torch.equal(window[:, 5], window[:, 4])


@pytest.mark.parametrize("seed", range(5))
def test_chosen_windows_hold_every_voxel_well_inside(seed):
    rng = np.random.default_rng(seed)
    plan = plan_windows((40, 60, 60), (16, 24, 24))
    voxels = np.unique(rng.integers(0, (40, 60, 60), (30, 3)), axis=0)
    chosen = plan.fewest_covering(voxels)
    for voxel in voxels:
        inside = [((voxel >= start + 2) | (start == 0)).all() for start in plan.starts[chosen]]
        ends = plan.starts[chosen] + plan.size
        inside &= ((voxel < ends - 2) | (ends == plan.shape)).all(axis=1)
        assert any(inside), voxel
    stroke = np.array([[20, 30, column] for column in range(20, 28)])
    assert len(plan.fewest_covering(stroke)) == 1


def test_a_patch_of_other_dimensions_is_refused():
    with pytest.raises(ValueError, match="does not fit a grid of 3 dimensions"):
        plan_windows((4, 5, 6), (4, 4))
