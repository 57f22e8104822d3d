import numpy as np
import pytest

from cueseg.metrics import dice


@pytest.mark.parametrize(
    ("mask", "reference", "expected"),
    [
        ([1, 1, 0, 0], [1, 0, 0, 0], 2 / 3),
        ([1, 1, 0, 0], [0, 0, 1, 1], 0.0),
        ([1, 0, 1, 0], [1, 0, 1, 0], 1.0),
        ([0, 0], [0, 0], 1.0),
        ([0, 0], [1, 0], 0.0),
    ],
)
def test_dice_of_hand_counted_masks(mask, reference, expected):
    assert dice(np.array(mask), np.array(reference)) == pytest.approx(expected)


def test_masks_of_different_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        dice(np.zeros(2), np.zeros(3))
