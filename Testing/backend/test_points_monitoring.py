"""The second stage: what the two networks learn from, when their teachers change, resuming, and the exported file."""

import dataclasses

import pytest
import torch

from cueseg.networks import load_network
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


def test_what_the_points_say_is_kept_and_the_copy_fills_the_rest(runs, recipe):
    trainer = trainer_in(runs / "both", dataclasses.replace(recipe, weight=0.0))
    image, labels = collate([trainer.source[0]])
    unknown = labels == 2
    assert unknown.any()
    assert not unknown.all()
    own, copies = trainer.model(image), trainer.frozen(image)
    expected = sum(labelled_loss(own[n], copies[n].argmax(1).where(unknown, labels)) for n in (0, 1))
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


def test_several_processes_are_refused(runs, recipe, monkeypatch):
    monkeypatch.setattr(Ranks, "current", classmethod(lambda cls: Ranks(0, 2, 0)))
    monkeypatch.setattr("cueseg.training.loop.DistributedDataParallel", lambda module: module)
    with pytest.raises(ValueError, match="this is one of 2: start without torchrun"):
        trainer_in(runs / "both", recipe)
