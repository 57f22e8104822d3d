"""The first stage end to end: labels, patches, resuming, selection, and the exported file."""

import dataclasses
import sys

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from cueseg.metrics import dice
from cueseg.networks import load_network
from cueseg.seven_points.expansion import UNKNOWN
from cueseg.training.points_cases import points_cases
from cueseg.training.points_recipe import read_points_recipe
from cueseg.training.points_run import POINTS_RECIPES, validation_of
from cueseg.training.points_samples import PointsPatches, collate
from cueseg.training.points_trainer import PointsTrainer, card_of, new_model, recipe_of_run
from cueseg.training.points_validation import full_scores
from cueseg.training.recipe_run import run_recipe
from points_case import SEVEN_POINTS
from training_case import check_that_a_killed_run_goes_on, recipe_text, write_manifest


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path)


@pytest.fixture
def recipe_path(manifest, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_text(SEVEN_POINTS, manifest), encoding="utf-8")
    return path


@pytest.fixture
def recipe(recipe_path):
    return read_points_recipe(recipe_path)


def test_simulated_points_leave_the_true_object_within_what_is_not_background(recipe):
    for case in points_cases(recipe, "train"):
        assert set(np.unique(case.labels)) == {0, 1, UNKNOWN}
        assert (case.labels[case.truth] != 0).all()
        assert np.array_equal(np.flatnonzero(case.labels == 1), case.places)
        low, high = np.argwhere(case.truth).min(axis=0), np.argwhere(case.truth).max(axis=0)
        assert case.boxes.tolist() == [[low.tolist(), high.tolist()]]


def test_points_depend_on_their_own_seed_and_the_subject_alone(recipe):
    again = points_cases(dataclasses.replace(recipe, seed=5), "train")
    others = points_cases(dataclasses.replace(recipe, margin=2), "train")
    for one, two, other in zip(points_cases(recipe, "train"), again, others, strict=True):
        assert np.array_equal(one.labels, two.labels)
        assert (one.labels == 0).sum() > (other.labels == 0).sum()
        assert np.array_equal(one.boxes[..., 1:], other.boxes[..., 1:])  # the margin is taken off


def test_parts_become_targets_of_their_own(recipe):
    case = points_cases(dataclasses.replace(recipe, parts=("box", "slab")), "train")[0]
    assert len(case.boxes) == 2
    assert case.truth.sum() == points_cases(recipe, "train")[0].truth.sum() + 3 * 8 * 11


def test_true_labels_leave_nothing_unknown(recipe):
    case = points_cases(dataclasses.replace(recipe, labels="true"), "train")[0]
    assert np.array_equal(case.labels, case.truth)
    assert case.boxes.shape == (1, 2, 3)


def test_parts_that_are_cut_out_leave_nothing_unknown_and_stay_within_the_points(recipe):
    cut = points_cases(dataclasses.replace(recipe, labels="cut"), "train")
    for case, expanded in zip(cut, points_cases(recipe, "train"), strict=True):
        assert set(np.unique(case.labels)) == {0, 1}
        assert (expanded.labels[case.labels == 1] != 0).all()
        assert dice(case.labels, case.truth) > 0.9  # the box of these images is brighter than all around it


def test_an_image_that_lacks_a_part_is_left_out_unless_it_was_looked_for(recipe, manifest):
    labels = sitk.ReadImage(str(manifest.parent / "0_labels.nrrd"))
    sitk.WriteImage(labels * (labels != 2), str(manifest.parent / "0_labels.nrrd"))
    both = dataclasses.replace(recipe, parts=("box", "slab"))
    assert [case.subject for case in points_cases(both, "train")] == ["case 1"]
    looked_for = points_cases(dataclasses.replace(both, missing="background"), "train")
    assert [len(case.boxes) for case in looked_for] == [1, 2]
    with pytest.raises(ValueError, match="no image of split 'train' with all of box, kidney"):
        points_cases(dataclasses.replace(recipe, parts=("box", "kidney")), "train")


def expand_in_place(recipe, manifest):
    """Put the labels of seven points in the place of the true ones, as the panel exports them."""
    for split in ("train", "val"):
        for case in points_cases(recipe, split):
            path = str(manifest.parent / f"{case.subject.split()[1]}_labels.nrrd")
            picture = sitk.GetImageFromArray(case.labels)
            picture.CopyInformation(sitk.ReadImage(path))
            sitk.WriteImage(picture, path)


def test_expanded_labels_are_taken_as_they_are(recipe, manifest):
    before = points_cases(recipe, "train")
    expand_in_place(recipe, manifest)
    after = points_cases(dataclasses.replace(recipe, labels="expanded", parts=()), "train")
    for one, two in zip(before, after, strict=True):
        assert np.array_equal(one.labels, two.labels)
        assert np.array_equal(one.boxes, two.boxes)
        assert two.truth.size == 0


def test_labels_that_are_not_expanded_are_named(recipe, manifest):
    path = str(manifest.parent / "1_labels.nrrd")
    sitk.WriteImage(sitk.ReadImage(path) * 2, path)
    with pytest.raises(ValueError, match=r"case 1: labels from seven points are .* these have \[0, 2, 4\]"):
        points_cases(dataclasses.replace(recipe, labels="expanded"), "train")


def test_patches_are_repeatable_and_every_image_comes_once_per_epoch(recipe):
    cases = points_cases(recipe, "train")
    wide = dataclasses.replace(recipe, patch=(8, 40, 52), flips=())
    source = PointsPatches(cases, wide, 8, 3)
    for number in range(8):
        one, two = source[number], PointsPatches(cases, wide, 8, 3)[number]
        assert np.array_equal(one.image, two.image)
        assert np.array_equal(one.labels, two.labels)
        assert one.image.shape == (1, 8, 40, 52)
        assert (one.labels[6:] == UNKNOWN).all()  # beyond the image
    first = [[float(source[2 * epoch + place].image.sum()) for place in (0, 1)] for epoch in range(4)]
    assert len({tuple(sorted(sums)) for sums in first}) == 1
    assert len({tuple(sums) for sums in first}) == 2  # in other orders


def test_patches_can_be_made_to_hold_the_object(recipe):
    source = PointsPatches(points_cases(recipe, "train"), dataclasses.replace(recipe, foreground=1.0), 20, 0)
    assert all((source[number].labels == 1).any() for number in range(20))


def test_each_switch_adds_its_loss_and_the_ramp_weighs_it(recipe, tmp_path):
    cases = points_cases(recipe, "train")
    batch = collate([PointsPatches(cases, recipe, 9, 0)[0]])

    def loss(name, step=10, **values):
        changed = dataclasses.replace(recipe, steps=10, ramp=1.0, **values)
        trainer = PointsTrainer(changed, cases, lambda model: (0.0, {}), tmp_path / name)
        trainer.step = step
        return trainer.loss_of(batch).item()

    alone = loss("none", crf_weight=0, variance_weight=0)
    crf, variance = loss("crf", variance_weight=0) - alone, loss("vm", crf_weight=0) - alone
    assert min(crf, variance) > 0.001
    assert loss("both") == pytest.approx(alone + crf + variance, rel=1e-5)
    assert loss("early", step=0) == pytest.approx(alone + 0.006738 * (crf + variance), rel=1e-4)


def test_a_killed_run_goes_on_exactly(recipe, tmp_path):
    cases, validate = points_cases(recipe, "train"), validation_of(recipe)
    validated = check_that_a_killed_run_goes_on(
        lambda folder: PointsTrainer(recipe, cases, validate, folder), tmp_path
    )
    assert [row["step"] for row in validated] == [2, 4]
    assert set(validated[0]["weak"]) == {"loss", "tightness", "n"}


def test_training_finds_bright_boxes_from_seven_points(recipe, tmp_path):
    longer = dataclasses.replace(recipe, base=4, batch=2, steps=120, momentum=0.9, validate_every=60)
    trainer = PointsTrainer(longer, points_cases(longer, "train"), validation_of(longer), tmp_path / "run")
    before, _ = trainer.validate(trainer.average)
    assert trainer.run() > before + 0.3
    scores = full_scores(trainer.average, card_of(longer), points_cases(longer, "val"))
    assert scores["case 2"]["dice"] > 0.6


@pytest.mark.parametrize("labels", ["simulated", "true", "expanded"])
def test_a_run_ends_in_a_network_that_loads_with_its_card(recipe, recipe_path, manifest, tmp_path, labels):
    runs, target = tmp_path / "runs", tmp_path / "out" / "tiny.pt"
    options = {"output": runs, "labels": labels, "notes": "a note"}
    if labels == "expanded":
        expand_in_place(recipe, manifest)
    if labels == "true":
        options["selection"] = "full"
    with pytest.raises(ValueError, match=r"no best\.pt: train first"):
        run_recipe(POINTS_RECIPES, recipe_path, export=target, **options)
    assert run_recipe(POINTS_RECIPES, recipe_path, **options) == 0
    assert run_recipe(POINTS_RECIPES, recipe_path, export=target, **options) == 0
    network = load_network(target)
    assert (network.card.architecture, network.card.classes) == ("unet-2.5d", ("background", "box"))
    training, metrics = network.card.training, network.card.metrics["val"]["box"]
    assert training["notes"] == "a note"
    assert ("simulated" in training["labels"]) == (labels == "simulated")
    assert ("true labels" in training["selection"]) == (labels == "true")
    assert metrics["n"] == 1
    assert ("score" in metrics) == (labels == "expanded")
    best = torch.load(runs / "tiny" / "best.pt", weights_only=True)
    for name, value in network.module.state_dict().items():
        assert torch.equal(value, best[name])
    assert recipe_of_run(runs / "tiny") == read_points_recipe(
        recipe_path, **{key: value for key, value in options.items() if key != "output"}
    )


def test_full_labels_that_choose_the_weights_are_named_in_the_card(recipe_path, tmp_path):
    runs, target = tmp_path / "runs", tmp_path / "tiny.pt"
    for export in (None, target):
        run_recipe(POINTS_RECIPES, recipe_path, output=runs, export=export, selection="full")
    assert "leaks" in load_network(target).card.training["selection"]


def test_the_attention_network_trains_and_is_loaded_again(recipe_path, tmp_path):
    runs, target = tmp_path / "runs", tmp_path / "tiny.pt"
    for export in (None, target):
        options = {"network": "monai-attentionunet", "steps": 1}
        run_recipe(POINTS_RECIPES, recipe_path, output=runs, export=export, **options)
    network = load_network(target)
    assert network.card.architecture == "monai-attentionunet"
    assert network.module(torch.randn(1, 1, 8, 16, 16)).shape == (1, 2, 8, 16, 16)


def test_without_its_package_the_attention_network_names_the_command(recipe, monkeypatch):
    monkeypatch.setitem(sys.modules, "monai.networks.nets", None)
    monkeypatch.setitem(sys.modules, "monai", None)
    with pytest.raises(ModuleNotFoundError, match=r"monai is needed .* -m pip install monai"):
        new_model(dataclasses.replace(recipe, network="monai-attentionunet"))
