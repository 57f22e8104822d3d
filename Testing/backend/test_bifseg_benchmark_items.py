"""The benchmark of one object in a box: what it leaves out, and for which networks and methods."""

from types import SimpleNamespace

import numpy as np
import pytest

import bifseg
import bifseg_items
from cueseg import NetworkCard
from data_set_folders import save

CARD = NetworkCard(
    name="tiny",
    dims=2,
    in_channels=1,
    classes=("background", "object"),
    training={"without": ["larynx"], "data": "nothing"},
)


def test_structures_that_the_recipes_train_on_are_left_out(tmp_path):
    labelled = bifseg_items.PACKAGE["abdominal CT, 3 mm"]
    labels = np.zeros((2, 40, 40), np.uint8)
    for place, number in enumerate((5, 15, 79)):
        labels[1, 5:15, 12 * place + 1 : 12 * place + 10] = number
    save(tmp_path / labelled.image, labels.astype(np.int16)), save(tmp_path / labelled.labels, labels)
    assert [one.name for one in bifseg_items.structures_of(labelled, tmp_path)] == ["label 5"]
    with pytest.raises(ValueError, match="in slices alone: leave it out of --sets"):
        bifseg_items.read_items(labelled.name, 3, tmp_path, "val", tmp_path)


def test_a_card_has_to_say_that_an_organ_was_held_out():
    bifseg_items.check_unseen(CARD, ["larynx", "abdominal CT, 3 mm"])
    with pytest.raises(ValueError, match=r"tiny: .* parotid left were held out .*\['larynx'\]"):
        bifseg_items.check_unseen(CARD, ["parotid left", "larynx"])


def test_four_points_are_for_slices():
    solid = SimpleNamespace(name="tiny", dims=3)
    assert "four points" in bifseg.methods_of(CARD, None)
    assert "four points" not in bifseg.methods_of(solid, None)
    with pytest.raises(ValueError, match="'four points' works in slices: leave it out of --methods for tiny"):
        bifseg.methods_of(solid, ["BIFSeg", "four points"])
