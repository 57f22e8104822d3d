"""A set of labels from seven points makes a recipe that is right, is trained on in the background, and goes on."""

import json
import time

import numpy as np
import pytest

from cueseg.networks import load_network
from cueseg.training.monitoring_recipe import read_monitoring_recipe
from cueseg.training.points_cases import points_cases
from cueseg.training.points_recipe import read_points_recipe
from ExtremePointSegLib.PointsCases import pointsCase, takePoints
from ExtremePointSegLib.SecondStage import writeSecondStage
from ExtremePointSegLib.TargetStates import statesOf
from ExtremePointSegLib.Training import CaseRequest, Stage, Training
from ExtremePointSegLib.TrainingMessages import describeRun
from ExtremePointSegLib.TrainingRecipe import writeRecipe
from ExtremePointSegLib.TrainingSet import addCase, readSet
from seven_points_case import SessionCase, add_target

PATIENCE = 1200  # seconds


@pytest.fixture
def case(build):
    case = SessionCase(build)
    add_target(case.volume)
    yield case
    case.points.close()


def grow(case, folder, count=2, modality="mr", cut=False, first=0):
    """A set of so many patients more, all with the same volume."""
    for number in range(first, first + count):
        case.volume.SetName(f"volume{number}")
        taken = takePoints(case.points, case.volume, statesOf(case.volume), "lesion", 0.3, cut)
        addCase(folder, pointsCase(taken, modality)[0], "nnunet", ".nii.gz")
    return readSet(folder)


def test_the_recipe_is_that_of_pa_seg_on_the_patches_of_the_set(case, tmp_path):
    found = grow(case, tmp_path / "Läsion 1")
    recipe = read_points_recipe(writeRecipe(found, 2, 40, "cpu"))
    assert (recipe.name, recipe.target, recipe.labels) == ("L-sion-1-points", "lesion", "expanded")
    assert (recipe.patch, recipe.crf_grid) == ((16, 32, 40), (16, 16, 20))
    assert (recipe.network, recipe.flips, recipe.selection) == ("unet-2.5d", (), "weak")
    assert (recipe.crf_weight, recipe.variance_weight, recipe.ramp) == (1.0, 0.1, 0.1)
    assert (recipe.learning_rate, recipe.schedule, recipe.momentum, recipe.nesterov) == (
        0.01,
        "poly",
        0.99,
        True,
    )
    assert recipe.intensity == {"kind": "zscore", "nonzero": False}
    assert recipe.manifest == (tmp_path / "Läsion 1/manifest.json").as_posix()
    assert recipe.steps == 40


def test_objects_that_were_cut_out_need_no_losses_for_what_is_unknown(case, tmp_path):
    recipe = read_points_recipe(writeRecipe(grow(case, tmp_path / "set", cut=True), 2, 40, "cpu"))
    assert (recipe.labels, recipe.crf_weight, recipe.variance_weight) == ("expanded", 0, 0)
    (first, *_) = points_cases(recipe, "train")
    places = np.argwhere(first.labels == 1)
    assert first.boxes.tolist() == [[places.min(axis=0).tolist(), places.max(axis=0).tolist()]]
    mixed = grow(case, tmp_path / "set", count=1, first=2)
    assert read_points_recipe(writeRecipe(mixed, 2, 40, "cpu")).crf_weight == 1.0


def test_ct_is_windowed(case, tmp_path):
    recipe = read_points_recipe(writeRecipe(grow(case, tmp_path / "set", modality="ct"), 3, 40, "cpu"))
    assert (recipe.intensity["kind"], recipe.intensity["low"]) == ("clip-zscore", -200)


def test_a_run_goes_on_whatever_is_chosen_for_other_networks(case, tmp_path):
    first = writeRecipe(grow(case, tmp_path / "set"), 2, 10, "cpu")
    assert writeRecipe(grow(case, tmp_path / "more" / ".." / "set2", 3), 3, 20, "cpu").stem == "set2-points"
    assert writeRecipe(readSet(tmp_path / "set"), 3, 20, "cpu") == first
    assert read_points_recipe(first).steps == 20


def test_the_second_stage_follows_on_the_first(case, tmp_path):
    first = writeRecipe(grow(case, tmp_path / "set"), 2, 30, "cpu")
    second, both = writeSecondStage(first)
    one, other = read_points_recipe(first), read_points_recipe(second)
    assert (other.network, other.base, other.patch) == ("unet", 8, one.patch)
    assert (other.manifest, other.labels, other.intensity) == (one.manifest, one.labels, one.intensity)
    together = read_monitoring_recipe(both)
    assert (together.first, together.second) == ("set-points", "set-points-second")
    assert (together.steps, together.refresh, together.device) == (24, 4, "cpu")
    assert (together.weight, together.temperature, together.keep_labels) == (0.5, 4.0, True)
    assert (together.learning_rate, together.ema, together.fill) == (1e-2, 0.99, "cut")


def test_cases_that_do_not_tell_their_points_are_filled_by_the_networks_alone(case, tmp_path):
    first = writeRecipe(grow(case, tmp_path / "set"), 2, 30, "cpu")
    path = tmp_path / "set" / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    del entries[0]["targets"]
    path.write_text(json.dumps(entries), encoding="utf-8")
    together = read_monitoring_recipe(writeSecondStage(first)[1])
    assert (together.fill, together.steps, together.refresh) == ("copy", 10, 2)


def test_cut_out_objects_have_no_second_stage(case, tmp_path):
    first = writeRecipe(grow(case, tmp_path / "set", cut=True), 2, 30, "cpu")
    with pytest.raises(ValueError, match=r"no voxel is unknown.*untick 'Second stage', or add cases"):
        writeSecondStage(first)
    assert list(first.parent.glob("*.toml")) == [first]


def test_drawn_labels_have_no_second_stage(tmp_path):
    path = tmp_path / "set-2d.toml"
    path.write_text('kind = "dense"', encoding="utf-8")
    with pytest.raises(ValueError, match="learns from drawn labels"):
        writeSecondStage(path)


def test_a_training_stopped_before_the_second_stage_offers_the_first_network(case, tmp_path, build):
    grow(case, tmp_path / "set")
    training = Training(build.scene)
    wait = waiter(training)
    training.start(tmp_path / "set", 2, 2, "cpu", lambda recipe: None, pytest.fail, secondStage=True)
    wait(lambda: training.runs is not None and training.runs.place == 1)
    training.stop()
    wait(lambda: training.stage is Stage.STOPPED)
    assert training.hasWeights
    assert training.network.name == "set-points.pt"
    training.close()


def waiter(training, look=lambda: None):
    """A function that lets the training work until something holds, looking at it meanwhile."""

    def wait(done):
        end = time.monotonic() + PATIENCE
        while not done():
            training.queue.deliver()
            training.poll()
            look()
            assert time.monotonic() < end, describeRun(training, str)
            time.sleep(0.01)

    return wait


def test_cases_are_added_and_networks_are_trained_in_two_stages(case, tmp_path, build):
    training = Training(build.scene)
    said, states = [], set()
    wait = waiter(training, lambda: states.add(describeRun(training, str).split(".")[0]))
    for name in ("one", "two"):
        case.volume.SetName(name)
        request = CaseRequest(tmp_path / "set", case.volume, None, "mr", "nnunet", ".nii.gz")
        taken = takePoints(case.points, case.volume, statesOf(case.volume), "lesion", 0.3)
        training.addPoints(request, taken, said.append, pytest.fail)
        wait(lambda: not training.queue.busy)
    assert [(found.ids, notes) for found, notes in said] == [(("one",), []), (("one", "two"), [])]
    training.start(tmp_path / "set", 2, 6, "cpu", lambda recipe: None, pytest.fail, secondStage=True)
    wait(lambda: training.stage not in (Stage.IDLE, Stage.TRAINING, Stage.EXPORTING))
    assert training.stage is Stage.DONE, training.failure
    assert {"First network", "Second network", "Both together"} <= states
    text = describeRun(training, str)
    assert "Best agreement with points and boxes" in text
    assert str(training.network) in text
    network = load_network(training.network)
    assert network.card.classes == ("background", "lesion")
    assert network.card.training["first stage"] == ["set-points", "set-points-second"]
    assert "Dice" not in text
    assert [series.GetName() for series in training.curves._series.values()] == [
        "Loss",
        "Agreement with the points",
    ]
    training.close()
