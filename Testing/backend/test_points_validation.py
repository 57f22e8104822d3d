"""What chooses the weights of networks that learn from seven points, and how they are measured."""

import dataclasses

import numpy as np
import pytest
import torch

from cueseg.training.points_cases import points_cases
from cueseg.training.points_recipe import read_points_recipe
from cueseg.training.points_trainer import card_of
from cueseg.training.points_validation import PointsValidation, full_scores, logits_of, tightness, weak_score
from points_case import SEVEN_POINTS
from training_case import recipe_text, write_manifest


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_text(SEVEN_POINTS, write_manifest(tmp_path)), encoding="utf-8")
    return read_points_recipe(path)


class Bright(torch.nn.Conv3d):
    """Above the mean is the object."""

    def forward(self, x):
        return torch.cat([torch.zeros_like(x), 8 * x], 1)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ((slice(2, 4), slice(2, 6), slice(2, 6)), 1.0),
        ((slice(2, 4), slice(2, 6), slice(2, 4)), 0.5),
        ((slice(2, 4), slice(2, 6), slice(2, 7)), 0.8),  # one voxel too far
        ((slice(0, 1), slice(0, 1), slice(0, 1)), 0.0),  # outside, which the partial loss sees
    ],
)
def test_tightness_is_the_overlap_with_the_box(part, expected):
    mask = np.zeros((6, 8, 8), bool)
    mask[part] = True
    boxes = np.array([[[2, 2, 2], [3, 5, 5]]])
    assert tightness(mask, boxes) == pytest.approx(expected)
    assert tightness(mask, boxes[:0]) == 1.0


def test_no_mask_is_chosen_for_being_empty_or_full():
    assert weak_score(0.0, 1.0) == 1.0
    assert weak_score(0.5, 0.0) == 0.0  # empty
    assert weak_score(1.1, 0.6) < weak_score(0.4, 0.5)  # full, and a beginning


def test_weak_selection_never_looks_at_the_true_labels(recipe):
    cases = points_cases(recipe, "val")
    blind = [dataclasses.replace(case, truth=np.zeros((0, 0, 0), bool)) for case in cases]

    model = Bright(1, 1, 1)
    score, details = PointsValidation(recipe, cases)(model)
    assert PointsValidation(recipe, blind)(model) == (score, details)
    assert 0 < score < 1
    full = dataclasses.replace(recipe, selection="full")
    value, _ = PointsValidation(full, cases)(model)
    logits = logits_of(model, card_of(recipe), cases[0].image)
    mask = (logits[1] > logits[0]).numpy()
    expected = 2 * (mask & cases[0].truth).sum() / (mask.sum() + cases[0].truth.sum())
    assert value == pytest.approx(expected)


def test_an_image_in_which_nothing_is_found_is_not_dropped(recipe):
    cases = points_cases(recipe, "val")

    class Nothing(torch.nn.Conv3d):
        def forward(self, x):
            return torch.cat([torch.ones_like(x), torch.zeros_like(x)], 1)

    assert full_scores(Nothing(1, 1, 1), card_of(recipe), cases) == {
        "case 2": {"dice": 0.0, "hd95": np.inf, "assd": np.inf}
    }
