"""Random users of the panel for scribbles: whatever they do, it is what an independent model says."""

import pytest
import torch

from refine_actions import RandomRefinement

SEQUENCES, ACTIONS = 25, 50


@pytest.fixture(autouse=True)
def _one_thread():
    """Threads that wait for each other take longer than these networks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def played(build, seed: int) -> RandomRefinement:
    case = RandomRefinement(build, seed)
    try:
        case.play(ACTIONS)
    finally:
        case.close()
    return case


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_any_sequence_of_actions_keeps_the_scene_as_the_model_says(build, seed):
    assert played(build, seed).writes, "nothing was written"


@pytest.mark.parametrize("seed", range(2))
def test_the_same_actions_in_a_fresh_scene_end_in_the_same_voxels_and_weights(build, seed):
    first = played(build, seed)
    build.scene.Clear(False)
    second = played(build, seed)
    assert first.log == second.log
    assert first.story == second.story
