"""Crops around objects: which objects there are, their boxes and margins, and that they can be drawn again."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from cueseg.networks.intensities import apply_rule
from cueseg.training.box_objects import box_case, box_cases
from cueseg.training.box_recipe import BoxRecipe
from cueseg.training.box_samples import CropSource, plain_crop
from cueseg.training.box_validation import BoxValidation
from cueseg.training.cases import read_manifest
from training_case import write_manifest


@pytest.fixture
def recipe(tmp_path):
    return BoxRecipe(name="tiny", manifest=str(write_manifest(tmp_path)), shares={"made up": 1.0})


@pytest.fixture
def cases(recipe):
    return box_cases(recipe, "train")


def still(recipe, **values):
    """Neither turned nor zoomed nor flipped."""
    return dataclasses.replace(recipe, rotation=0.0, scale=(1.0, 1.0), stretch=0.0, flips=False, **values)


def test_every_organ_in_every_slice_is_an_object_with_its_tight_box(cases):
    for case in cases:
        found = [(item.name, item.part[0].start) for item in case.objects]
        assert found == [("box", z) for z in range(1, 5)] + [("slab", z) for z in range(2, 5)]
        for item in case.objects:
            inside = np.isin(case.labels[item.part], item.labels)
            assert inside.all()  # boxes of boxes are full
            whole = np.isin(case.labels[item.part[0]], item.labels)
            assert inside.sum() == whole.sum()


def test_volumes_hold_whole_organs_and_pictures_every_instance(recipe):
    case = read_manifest(recipe.manifest, "train")[0]
    organs = box_case(case, 3).objects
    assert [item.name for item in organs] == ["box", "slab"]
    assert organs[0].part == (slice(1, 5), slice(10, 20), slice(12, 30))
    cells = np.zeros((1, 12, 30), np.int32)
    cells[0, 1:5, 1:4], cells[0, 4:9, 8:20], cells[0, 0, 25] = 7, 2, 3  # the last one is a speck
    picture = dataclasses.replace(
        case,
        image=np.repeat(cells[..., None], 3, axis=-1) * 10,
        labels=cells,
        classes={"cell": ()},
        instances=True,
    )
    found = box_case(picture, 2)
    assert [item.labels for item in found.objects] == [(2,), (7,)]
    assert found.objects[1].part == (slice(0, 1), slice(1, 5), slice(1, 4))
    assert np.allclose(found.image, cells * 10)  # grey of grey


def test_a_crop_depends_on_its_number_and_the_seed_alone(recipe, cases):
    one, two = CropSource(cases, recipe), CropSource(cases, recipe)
    other = CropSource(cases, dataclasses.replace(recipe, seed=1))
    one[0]
    for number in (3, 11):
        assert np.array_equal(one[number].image, two[number].image)
        assert np.array_equal(one[number].target, two[number].target)
    shapes = [[source[number].target.shape for number in range(6)] for source in (one, other)]
    assert shapes[0] != shapes[1]


@pytest.mark.parametrize("dims", [2, 3])
def test_crops_keep_the_margin_and_show_the_object_where_it_is(recipe, dims):
    recipe = dataclasses.replace(recipe, dims=dims, margin=3.0)
    source = CropSource(box_cases(recipe, "train"), recipe)
    for number in range(40):
        crop = source[number]
        assert crop.image.shape == (1, *crop.target.shape)
        assert crop.image.dtype == np.float32
        assert abs(crop.image.mean()) < 1e-4
        assert crop.image.std() == pytest.approx(1.0, abs=1e-3)
        (part,) = ndimage.find_objects(crop.target)
        for own, side in zip(part, crop.target.shape, strict=True):
            assert own.start <= 5  # the margin, and what turning and rounding add to the box
            assert side - own.stop <= 5
        inside = crop.target > 0
        assert crop.image[0][inside].mean() > crop.image[0][~inside].mean() + 0.5


def test_margins_reach_the_limit_and_no_further(recipe, cases):
    source = CropSource(cases, still(recipe, margin=4.0))
    gaps = []
    for number in range(60):
        target = source[number].target
        rows, cols = ndimage.find_objects(target)[0]
        gaps += [rows.start, target.shape[0] - rows.stop, cols.start, target.shape[1] - cols.stop]
    assert set(gaps) == {0, 1, 2, 3, 4}
    none = CropSource(cases, still(recipe, margin=0.0))
    assert all(none[number].target.all() for number in range(10))


def test_zoomed_objects_have_the_size_asked_for_and_no_more_than_the_largest(recipe, cases):
    """The box is 10 x 16 to 18 pixels, the slab 8 x 11."""
    doubled = dataclasses.replace(recipe, rotation=0.0, scale=(2.0, 2.0), stretch=0.0, margin=0.0)
    longest = {max(CropSource(cases, doubled)[number].target.shape) for number in range(40)}
    assert max(longest) > 31
    capped = dataclasses.replace(doubled, largest=8)
    source = CropSource(cases, capped)
    assert max(max(source[number].target.shape) for number in range(40)) <= 12


def test_flips_and_inversion_are_only_where_the_recipe_says(recipe, cases):
    plain = still(recipe, margin=0.0)
    inverted = CropSource(cases, dataclasses.replace(plain, inverted=1.0, margin=5.0))
    for number in range(10):
        crop = inverted[number]
        assert crop.image[0][crop.target > 0].mean() < crop.image[0][crop.target == 0].mean()
    corner = dataclasses.replace(
        cases[0], labels=cases[0].labels * (np.arange(50) < 20)[None, None] * (np.arange(40) < 14)[:, None]
    )
    notched = dataclasses.replace(corner, labels=np.where(cases[0].labels == 1, corner.labels, 0))
    notched.labels[:, 10:20, 12:16][cases[0].labels[:, 10:20, 12:16] == 1] = 1  # an L
    upright = CropSource([notched], dataclasses.replace(plain, without=("slab",)))
    flipped = CropSource([notched], dataclasses.replace(plain, without=("slab",), flips=True))
    first = upright[0].target
    assert all(np.array_equal(upright[number].target, first) for number in range(8))
    seen = {flipped[number].target.tobytes() for number in range(40)}
    assert seen == {np.ascontiguousarray(np.flip(first, axes)).tobytes() for axes in ((), (0,), (1,), (0, 1))}


def test_a_crop_for_validation_is_what_is_cut_out_after_training(recipe, cases):
    case = cases[0]
    # Rows 25 to 32 of 40, columns 5 to 15 of 50.
    near = next(item for item in case.objects if item.name == "slab")
    crop, inner = plain_crop(case, near, dataclasses.replace(recipe, validate_margin=8))
    part = (near.part[0].start, slice(17, 40), slice(0, 24))
    assert inner == (slice(8, 16), slice(5, 16))
    assert np.array_equal(
        crop.image, apply_rule(case.image[part][None], {"kind": "zscore", "nonzero": False})
    )
    assert np.array_equal(crop.target, case.labels[part] == 2)
    deep = dataclasses.replace(recipe, dims=3)
    (case,) = box_cases(deep, "val")
    crop, inner = plain_crop(case, case.objects[0], deep)
    assert crop.target.shape == (6, 20, 26)
    assert crop.target[inner].all()


def test_mistakes_in_the_data_are_named(recipe, cases):
    with pytest.raises(ValueError, match="without names 'larnyx', which no image has: there is box, slab"):
        CropSource(cases, dataclasses.replace(recipe, without=("larnyx",)))
    with pytest.raises(ValueError, match="no object of group 'made up' to train on"):
        CropSource(cases, dataclasses.replace(recipe, without=("box", "slab")))
    with pytest.raises(ValueError, match="no object of group 'cells'"):
        CropSource(cases, dataclasses.replace(recipe, shares={"made up": 1.0, "cells": 1.0}))
    with pytest.raises(ValueError, match="no object to validate on"):
        BoxValidation(dataclasses.replace(recipe, without=("box", "slab")), cases)
