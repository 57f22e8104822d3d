"""Masks that overlap survive as label numbers and come back as unions of them."""

import numpy as np
import pytest

from cueseg.datasets.overlaps import MOST_MASKS, combined


@pytest.mark.parametrize("count", [0, 1, 2, 9, MOST_MASKS])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.9, 1.0])
def test_every_mask_is_a_union_of_labels(count, density, rng):
    masks = rng.random((count, 3, 5, 6)) < density
    labels, numbers = combined(masks, (3, 5, 6))
    assert len(numbers) == count
    for mask, mine in zip(masks, numbers, strict=True):
        assert np.array_equal(np.isin(labels, mine), mask)
        assert 0 not in mine
    assert np.array_equal(labels > 0, masks.any(axis=0))


def test_masks_that_do_not_overlap_keep_their_number():
    masks = np.eye(3, dtype=bool)
    labels, numbers = combined(masks, (3,))
    assert labels.tolist() == [1, 2, 3]
    assert numbers == [[1], [2], [3]]


def test_too_many_masks_are_refused():
    with pytest.raises(ValueError, match="at most 63 segments of a file can be read"):
        combined(np.zeros((MOST_MASKS + 1, 2), bool), (2,))
