"""Random users: whatever they do, segments, points and nodes are what an independent model says."""

import pytest

from panel_actions import RandomActions

SEQUENCES, ACTIONS = 25, 50


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_any_sequence_of_actions_keeps_the_scene_as_the_model_says(build, seed):
    case = RandomActions(build, seed)
    try:
        case.play(ACTIONS)
        assert case.writes > 1, "too little was done"
    finally:
        case.close()
