"""What recipes say about the optimiser, the schedule, parts, precision and the running mean is what is done."""

import dataclasses
import math

import pytest
import torch
from torch import nn

from cueseg.training.case_store import stored_cases
from cueseg.training.config import read_recipe
from cueseg.training.dense_recipe import read_dense_recipe
from cueseg.training.dense_run import Validation as DenseValidation
from cueseg.training.dense_run import dense_cases
from cueseg.training.dense_trainer import DenseTrainer, collate
from cueseg.training.loop_options import LoopOptions
from cueseg.training.optimisation import Precision
from cueseg.training.run import _metric
from cueseg.training.samples import collate as points_collate
from cueseg.training.trainer import Trainer
from training_case import DENSE, POINTS, write_recipe


@pytest.fixture
def recipe(tmp_path):
    """Of a dense network whose norms are over single images."""
    return read_dense_recipe(write_recipe(tmp_path, DENSE))


@pytest.fixture
def points_recipe(tmp_path):
    return read_recipe(write_recipe(tmp_path, POINTS))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"optimizer": "lion"}, "optimizer must be one of"),
        ({"schedule": "steps"}, "schedule must be one of"),
        ({"precision": "fp8"}, "precision must be one of"),
        ({"accumulate": 3}, "accumulate must be a divisor of 8"),
        ({"accumulate": 0}, "accumulate must be at least 1"),
        ({"betas": (0.9,)}, "betas must be two numbers"),
        ({"ema": 1.0}, "ema must be from 0 to below 1"),
        ({"clip": -1.0}, "clip must be at least 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_mistakes_in_options_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        LoopOptions(**values)


def test_a_device_that_is_not_there_is_named(recipe, tmp_path):
    with pytest.raises(ValueError, match="unknown device 'tpu9'"):
        DenseTrainer(dataclasses.replace(recipe, device="tpu9"), dense_cases(recipe, "train"), None, tmp_path)


def _weights_after_a_step(recipe, folder, parts):
    trainer = DenseTrainer(recipe, dense_cases(recipe, "train"), None, folder)
    size = recipe.batch // parts
    batches = [
        collate([trainer.source[number] for number in range(i * size, (i + 1) * size)]) for i in range(parts)
    ]
    trainer.train_step(*batches)
    return trainer


def test_parts_add_up_to_the_gradient_of_their_mean_loss(recipe, tmp_path):
    """Four times the same sample: parts and the whole have the same loss, so the same gradient."""
    recipe = dataclasses.replace(recipe, optimizer="sgd", momentum=0.0, learning_rate=0.1)
    trainers = {}
    for parts in (1, 2, 4):
        trainer = DenseTrainer(recipe, dense_cases(recipe, "train"), None, tmp_path / str(parts))
        same = collate([trainer.source[5]] * (recipe.batch // parts))
        trainer.train_step(*[same] * parts)
        trainers[parts] = trainer.model.state_dict()
    for parts in (2, 4):
        for name, value in trainers[1].items():
            assert torch.allclose(value, trainers[parts][name], atol=1e-5), (parts, name)


def test_the_gradient_is_clipped_to_its_largest_norm(recipe, tmp_path):
    recipe = dataclasses.replace(recipe, optimizer="sgd", momentum=0.0, weight_decay=0.0, warm_up=0)
    norms = {}
    for clip in (0.0, 0.01):
        trainer = _weights_after_a_step(dataclasses.replace(recipe, clip=clip), tmp_path / str(clip), 1)
        norms[clip] = math.hypot(*(float(p.grad.norm()) for p in trainer.model.parameters()))
    assert norms[0.01] == pytest.approx(0.01, rel=1e-3)
    assert norms[0.0] > 0.02


def test_the_running_mean_lags_behind_and_without_decay_is_the_weights(recipe, tmp_path):
    for ema, same in ((0.0, True), (0.9, False)):
        trainer = _weights_after_a_step(dataclasses.replace(recipe, ema=ema), tmp_path / str(ema), 1)
        pairs = zip(trainer.model.parameters(), trainer.average.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs) == same


def test_precision_is_full_on_a_cpu_unless_asked(recipe, tmp_path):
    assert Precision("auto", torch.device("cpu")).kind == "off"
    trainer = DenseTrainer(
        dataclasses.replace(recipe, precision="bf16", steps=100, warm_up=0, learning_rate=1e-2),
        dense_cases(recipe, "train"),
        None,
        tmp_path / "bf16",
    )
    seen = []
    trainer.model.head.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    batch = collate([trainer.source[number] for number in range(4)])
    losses = [trainer.train_step(batch) for _ in range(12)]
    assert set(seen) == {torch.bfloat16}
    assert next(trainer.model.parameters()).dtype == torch.float32
    assert losses[-1] < 0.9 * losses[0]


def test_fp16_scales_the_loss_and_its_scale_is_gone_on_from(recipe, tmp_path):
    recipe = dataclasses.replace(recipe, precision="fp16", steps=3, validate_every=10)
    trainer = DenseTrainer(recipe, dense_cases(recipe, "train"), None, tmp_path / "run")
    trainer.precision.scaler = torch.amp.GradScaler("cpu", init_scale=128.0)
    trainer.run(until=0)
    resumed = DenseTrainer(recipe, dense_cases(recipe, "train"), None, tmp_path / "run")
    assert resumed.precision.scaler.get_scale() == 128.0
    resumed.run()
    assert all(torch.isfinite(p).all() for p in resumed.model.parameters())


def test_a_loss_that_is_no_number_stops_the_run(recipe, tmp_path):
    trainer = DenseTrainer(recipe, dense_cases(recipe, "train"), None, tmp_path)
    image, target, known = collate([trainer.source[0]])
    with pytest.raises(ValueError, match="the loss is nan at step 0: lower learning_rate"):
        trainer.train_step((image * torch.nan, target, known))
    assert trainer.step == 0


@pytest.mark.parametrize("cue", ["none", "ep", "cm", "cm+ep"])
@pytest.mark.parametrize("loss", ["bce-dice", "balanced-sum", "balanced-mean"])
def test_every_cue_and_loss_trains(points_recipe, tmp_path, cue, loss):
    rate = 1e-7 if loss == "balanced-sum" else 1e-3
    recipe = dataclasses.replace(points_recipe, cue=cue, loss=loss, learning_rate=rate, steps=1)
    trainer = Trainer(recipe, stored_cases(recipe.manifest, "train", recipe), lambda *_: (0.5, {}), tmp_path)
    before = trainer.model.head.weight.clone()
    trainer.run()
    assert not torch.equal(before, trainer.model.head.weight)


def test_a_sum_over_pixels_takes_a_rate_as_much_smaller(points_recipe, tmp_path):
    """A rate of 1e-7 on the sum over 512 x 512 pixels is one of 0.026 on their mean."""
    plain = dataclasses.replace(
        points_recipe, optimizer="sgd", momentum=0.0, weight_decay=0.0, clip=0.0, warm_up=0
    )
    networks = []
    for loss, rate in (("balanced-sum", 1e-6), ("balanced-mean", 1e-6 * 48 * 48)):
        recipe = dataclasses.replace(plain, loss=loss, learning_rate=rate)
        cases = stored_cases(recipe.manifest, "train", recipe)
        trainer = Trainer(recipe, cases, None, tmp_path / loss)
        before = {name: value.clone() for name, value in trainer.model.named_parameters()}
        batch = points_collate([trainer.source.draw(number, recipe.phases[0]) for number in range(4)])
        trainer.train_step(batch)
        networks.append({name: v - before[name] for name, v in trainer.model.named_parameters()})
    moved = [network["head.weight"].norm().item() for network in networks]
    assert moved[0] > 1e-6
    assert moved[0] == pytest.approx(moved[1], rel=1e-3)


def test_the_metric_of_the_recipe_is_what_is_maximised(recipe, points_recipe):
    columns = {"exact": {"a": 0.9, "b": 0.7}, "disturbed": {"a": 0.6, "b": 0.4}}
    metrics = {name: _metric(name, columns) for name in ("mean", "exact", "disturbed", "worst")}
    assert metrics == pytest.approx({"mean": 0.65, "exact": 0.8, "disturbed": 0.5, "worst": 0.4})
    cases = dense_cases(recipe, "val")
    means = {}
    for name in ("mean", "worst"):
        torch.manual_seed(0)
        network = nn.Conv3d(1, 3, 1)
        score, details = DenseValidation(dataclasses.replace(recipe, metric=name), cases)(network)
        means[name] = score, [values["mean"] for values in details["classes"].values()]
    assert means["mean"][0] == pytest.approx(sum(means["mean"][1]) / 2)
    assert means["worst"][0] == min(means["worst"][1])


def test_the_best_weights_stay_and_the_last_ones_are_beside_them(recipe, tmp_path):
    scores = iter([0.4, 0.3])
    recipe = dataclasses.replace(recipe, steps=6, validate_every=3)
    trainer = DenseTrainer(recipe, dense_cases(recipe, "train"), lambda _: (next(scores), {}), tmp_path)
    assert trainer.run() == 0.4
    best, last = (torch.load(tmp_path / name, weights_only=True) for name in ("best.pt", "last.pt"))
    assert torch.equal(last["head.bias"], trainer.average.state_dict()["head.bias"])
    assert not torch.equal(best["head.bias"], last["head.bias"])
