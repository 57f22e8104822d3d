"""The second stage: what the two networks learn from, when their teachers change, resuming, and the exported file."""

import dataclasses
import json

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from cueseg.networks import load_network
from cueseg.seven_points import expand_points, simulated_target
from cueseg.training.cases import read_manifest
from cueseg.training.monitoring_recipe import MonitoringRecipe, read_monitoring_recipe
from cueseg.training.monitoring_run import MONITORING_RECIPES, stage_one_of
from cueseg.training.monitoring_trainer import MonitoringTrainer, Pair, best_weights
from cueseg.training.points_cases import points_cases
from cueseg.training.points_loss import distillation_loss, labelled_loss
from cueseg.training.points_run import POINTS_RECIPES, validation_of
from cueseg.training.points_samples import collate
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_run import run_recipe
from points_case import MONITORING, SEVEN_POINTS
from training_case import check_that_a_killed_run_goes_on, recipe_text, write_manifest


@pytest.fixture
def runs(tmp_path):
    """The folder with two runs of the first stage, "one" and another network, "two"."""
    path = tmp_path / "points.toml"
    path.write_text(recipe_text(SEVEN_POINTS, write_manifest(tmp_path)), encoding="utf-8")
    runs = tmp_path / "runs"
    for name, values in (("one", {}), ("two", {"network": "unet"})):
        run_recipe(POINTS_RECIPES, path, output=runs, name=name, steps=2, **values)
    return runs


@pytest.fixture
def recipe_path(tmp_path):
    path = tmp_path / "monitoring.toml"
    path.write_text(MONITORING, encoding="utf-8")
    return path


@pytest.fixture
def recipe(recipe_path):
    return read_monitoring_recipe(recipe_path)


def trainer_in(folder, recipe: MonitoringRecipe, validate=None) -> MonitoringTrainer:
    recipes, folders = stage_one_of(recipe, folder)
    stage_one = recipes[0]
    cases = points_cases(stage_one, "train")
    validate = validation_of(stage_one) if validate is None else validate
    return MonitoringTrainer(recipe, stage_one, Pair.of_runs(recipes, folders), cases, validate, folder)


def test_both_begin_with_the_best_weights_of_the_first_stage(runs, recipe):
    trainer = trainer_in(runs / "both", recipe)
    for name, run in (("first", "one"), ("second", "two")):
        best = torch.load(runs / run / "best.pt", weights_only=True)
        for pair in (trainer.model, trainer.frozen):
            own = getattr(pair, name).state_dict()
            assert all(torch.equal(own[key], value) for key, value in best.items())


def test_each_learns_from_its_own_copy_and_from_that_of_the_other(runs, recipe):
    values = {"weight": 0.3, "temperature": 2.0, "keep_labels": False}
    trainer = trainer_in(runs / "both", dataclasses.replace(recipe, **values))
    batch = collate([trainer.source[0]])
    own, copies = trainer.model(batch[0]), trainer.frozen(batch[0])
    expected = sum(
        0.7 * labelled_loss(own[n], copies[n].argmax(1)) + 0.3 * distillation_loss(own[n], copies[1 - n], 2.0)
        for n in (0, 1)
    )
    assert trainer.loss_of(batch).item() == pytest.approx(expected.item(), rel=1e-5)
    # Labels of points are not looked at, and copies do not learn.
    assert trainer.loss_of((batch[0], torch.full_like(batch[1], 2))).item() == trainer.loss_of(batch).item()
    trainer.loss_of(batch).backward()
    assert all(parameter.grad is None for parameter in trainer.frozen.parameters())


def test_what_the_points_say_is_kept_and_the_copies_teach_the_rest(runs, recipe):
    trainer = trainer_in(runs / "both", recipe)
    image, labels = collate([trainer.source[0]])
    unknown = labels == 2
    assert unknown.any()
    assert not unknown.all()
    own, copies = trainer.model(image), trainer.frozen(image)
    w, temperature = recipe.weight, recipe.temperature
    expected = sum(
        (1 - w) * labelled_loss(own[n], copies[n].argmax(1).where(unknown, labels))
        + w * distillation_loss(own[n], copies[1 - n], temperature, unknown)
        for n in (0, 1)
    )
    assert trainer.loss_of((image, labels)).item() == pytest.approx(expected.item(), rel=1e-5)
    # Where the points speak, the copies are not heard.
    known = torch.zeros_like(labels)
    alone = sum((1 - w) * labelled_loss(own[n], known) for n in (0, 1))
    assert trainer.loss_of((image, known)).item() == pytest.approx(alone.item(), rel=1e-5)


def test_what_is_unknown_can_be_cut_out_with_the_word_of_both_networks(runs, recipe):
    filling = dataclasses.replace(recipe, fill="cut")
    trainer = MONITORING_RECIPES.trainer(filling, runs / "both", Ranks.current())
    recipes, _ = stage_one_of(filling, runs / "both")
    plain = points_cases(recipes[0], "train")
    for case, before in zip(trainer.source.cases, plain, strict=True):
        unknown = before.labels == 2
        np.testing.assert_array_equal(case.labels[~unknown], before.labels[~unknown])
        assert set(np.unique(case.labels[unknown])) == {3, 4}
        np.testing.assert_array_equal(case.boxes, before.boxes)
    image, labels = collate([trainer.source[0]])
    own, copies = trainer.model(image), trainer.frozen(image)
    assert set(labels.unique().tolist()) == {0, 1, 2, 3, 4}  # 2 beyond the image
    filled = [
        torch.where(labels >= 3, labels - 3, copies[n].argmax(1).where(labels == 2, labels)) for n in (0, 1)
    ]
    w, temperature = recipe.weight, recipe.temperature
    expected = sum(
        (1 - w) * labelled_loss(own[n], filled[n])
        + w * distillation_loss(own[n], copies[1 - n], temperature, labels >= 2)
        for n in (0, 1)
    )
    assert trainer.loss_of((image, labels)).item() == pytest.approx(expected.item(), rel=1e-5)


def test_copies_are_replaced_by_the_best_of_either_network_and_not_before(runs, recipe):
    """The first is best after step 2, the second after step 1; replaced before step 4."""
    scores = iter([0.1, 0.9, 0.5, 0.2, 0.3, 0.3, 0.2, 0.1])  # first and second after every step
    changing = dataclasses.replace(recipe, steps=4, validate_every=1, refresh=3)
    trainer = trainer_in(runs / "both", changing, lambda network: (next(scores), {}))
    before = {key: value.clone() for key, value in trainer.frozen.state_dict().items()}
    seen, train_step = [], trainer.train_step

    def step(*parts):
        seen.append({key: value.clone() for key, value in trainer.model.state_dict().items()})
        if trainer.step == 3:
            frozen = trainer.frozen.state_dict()
            assert all(torch.equal(frozen[key], value) for key, value in before.items())
        return train_step(*parts)

    trainer.train_step = step
    assert trainer.run() == 0.5
    assert trainer.best_second == 0.9
    for key, value in trainer.frozen.state_dict().items():
        assert torch.equal(value, seen[2 if key.startswith("first.") else 1][key]), key


def test_a_killed_run_goes_on_exactly(runs, recipe):
    validated = check_that_a_killed_run_goes_on(lambda folder: trainer_in(folder, recipe), runs)
    assert [row["step"] for row in validated] == [2, 4]
    assert {"val", "val second", "first", "second"} <= set(validated[0])
    states = [torch.load(runs / name / "state.pt", weights_only=True) for name in ("whole", "killed")]
    for key in ("best", "best_second"):
        assert states[0][key] == states[1][key]
    for key, value in states[0]["teachers"].items():
        assert torch.equal(value, states[1]["teachers"][key])


def test_a_run_ends_in_the_first_network_with_its_card(runs, recipe_path, tmp_path):
    target = tmp_path / "both.pt"
    with pytest.raises(ValueError, match=r"no best\.pt: train first"):
        run_recipe(MONITORING_RECIPES, recipe_path, output=runs, export=target)
    assert run_recipe(MONITORING_RECIPES, recipe_path, output=runs) == 0
    assert run_recipe(MONITORING_RECIPES, recipe_path, output=runs, export=target) == 0
    network = load_network(target)
    assert (network.card.name, network.card.architecture) == ("both", "unet-2.5d")
    assert network.card.training["first stage"] == ["one", "two"]
    assert "simulated" in network.card.training["labels"]
    assert network.card.metrics["val"]["box"]["n"] == 1
    best = torch.load(best_weights(runs / "both", "first"), weights_only=True)
    for name, value in network.module.state_dict().items():
        assert torch.equal(value, best[name])


def test_runs_that_do_not_go_together_are_named(runs, recipe, tmp_path):
    with pytest.raises(
        ValueError, match=r"three holds no trained network of the first stage: train a recipe"
    ):
        stage_one_of(dataclasses.replace(recipe, second="three"), runs / "both")
    path = tmp_path / "points.toml"
    others = {"slab": {"target": "slab", "parts": ["slab"]}, "deep": {"levels": 4, "patch": [8, 16, 24]}}
    for name, values in others.items():
        run_recipe(POINTS_RECIPES, path, output=runs, name=name, steps=1, **values)
    with pytest.raises(ValueError, match="one was trained with target = 'box', slab with 'slab'"):
        stage_one_of(dataclasses.replace(recipe, second="slab"), runs / "both")
    path.write_text(path.read_text(encoding="utf-8").replace("16, 16]", "20, 20]"), encoding="utf-8")
    run_recipe(POINTS_RECIPES, path, output=runs, name="odd", steps=1)
    with pytest.raises(ValueError, match=r"odd have the sides \(8, 20, 20\).*multiples of 8"):
        stage_one_of(dataclasses.replace(recipe, first="odd", second="deep"), runs / "both")


def test_copies_that_have_nothing_to_teach_are_refused(runs, recipe_path, tmp_path):
    path = tmp_path / "points.toml"
    for name, values in (("one", {}), ("two", {"network": "unet"})):
        run_recipe(POINTS_RECIPES, path, output=runs, name=f"{name}-cut", steps=1, labels="cut", **values)
    named = {"output": runs, "first": "one-cut", "second": "two-cut"}
    with pytest.raises(ValueError, match=r"one-cut learned from leave no voxel unknown.*keep_labels = false"):
        run_recipe(MONITORING_RECIPES, recipe_path, **named)
    assert run_recipe(MONITORING_RECIPES, recipe_path, **named, keep_labels=False) == 0


def test_labels_whose_points_are_not_told_cannot_be_filled_by_cuts(runs, recipe, tmp_path):
    """Labels 0, 1 and 2 from a manifest, with the points that they were made of and without."""
    entries = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    for number, case in enumerate(read_manifest(tmp_path / "manifest.json")):
        target = simulated_target(case.labels == 1, case.spacing)
        labels = expand_points(case.image, [target], case.spacing)
        sitk.WriteImage(sitk.GetImageFromArray(labels), str(tmp_path / f"expanded{number}.nii.gz"))
        told = {"seed": target.seed, "outside": target.outside}
        entries[number] |= {"labels": f"expanded{number}.nii.gz", "classes": {"box": [1]}, "targets": [told]}
        entries[number]["geometry"] = "ignore"
    path, text = tmp_path / "expanded.json", (tmp_path / "points.toml").read_text(encoding="utf-8")
    path.write_text(json.dumps(entries), encoding="utf-8")
    (tmp_path / "points.toml").write_text(text, encoding="utf-8")
    for name, values in (("one", {}), ("two", {"network": "unet"})):
        run_recipe(
            POINTS_RECIPES, tmp_path / "points.toml", output=runs, name=f"{name}-told", steps=1,
            manifest=path.as_posix(), labels="expanded", **values,
        )  # fmt: skip
    told = dataclasses.replace(recipe, first="one-told", second="two-told", fill="cut")
    trainer = MONITORING_RECIPES.trainer(told, runs / "filled", Ranks.current())
    assert all(set(np.unique(case.labels)) <= {0, 1, 3, 4} for case in trainer.source.cases)
    for item in entries:
        del item["targets"]
    path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match=r"does not tell the points .* set fill = \"copy\""):
        MONITORING_RECIPES.trainer(told, runs / "again", Ranks.current())


def test_several_processes_are_refused(runs, recipe, monkeypatch):
    monkeypatch.setattr(Ranks, "current", classmethod(lambda cls: Ranks(0, 2, 0)))
    monkeypatch.setattr("cueseg.training.loop.DistributedDataParallel", lambda module: module)
    with pytest.raises(ValueError, match="this is one of 2: start without torchrun"):
        trainer_in(runs / "both", recipe)
