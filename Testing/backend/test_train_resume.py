"""A run that is killed goes on to the very weights of a run that is not."""

import dataclasses
import signal
import time

import pytest
import torch
from torch import nn

from cueseg.training.case_store import stored_cases
from cueseg.training.config import read_recipe
from cueseg.training.run_state import save_whole
from cueseg.training.trainer import Trainer
from training_case import DENSE, POINTS, finish, rows_of, start_training, state_of, write_recipe


def assert_same(one, two):
    """Nested dicts, lists and tensors are equal to the last bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, two)
    elif isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            assert_same(one[key], two[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            assert_same(a, b)
    else:
        assert one == two


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (POINTS, {"steps": 10, "validate_every": 5, "save_every": 1, "optimizer": "sgd", "schedule": "poly"}),
        (DENSE, {"steps": 60, "validate_every": 20, "save_every": 5, "accumulate": 2, "workers": 1}),
    ],
    ids=["points", "dense"],
)
def test_a_run_killed_in_its_middle_ends_in_the_same_bits(tmp_path, text, options):
    recipe = write_recipe(tmp_path, text, **options)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = start_training(recipe, killed)
    deadline = time.monotonic() + 60
    while not (killed / "tiny" / "state.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert 0 < state_of(killed)["step"] < options["steps"]
    assert "going on at step" in finish(start_training(recipe, killed))
    finish(start_training(recipe, whole))
    assert state_of(whole)["step"] == options["steps"]
    assert_same(state_of(killed), state_of(whole))
    assert rows_of(killed) == rows_of(whole)
    for name in ("best.pt", "last.pt"):
        found, expected = (torch.load(path / "tiny" / name, weights_only=True) for path in (killed, whole))
        assert_same(found, expected)


@pytest.fixture
def recipe(tmp_path):
    return read_recipe(write_recipe(tmp_path, POINTS))


def test_dropout_goes_on_as_if_there_had_been_no_stop(recipe, tmp_path, monkeypatch):
    """What is left out depends on the step, not on the generator's past."""

    def create(_, channels):
        return nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.Dropout(0.5), nn.Conv2d(8, 1, 1))

    monkeypatch.setattr("cueseg.training.trainer.create_model", create)
    recipe = dataclasses.replace(recipe, validate_every=100, steps=4)
    cases = stored_cases(recipe.manifest, "train", recipe)

    def trainer(name):
        return Trainer(recipe, cases, lambda *_: (0.0, {}), tmp_path / name)

    whole = trainer("whole")
    whole.run()
    trainer("stopped").run(until=0)
    torch.rand(7)
    resumed = trainer("stopped")
    assert resumed.step == 1
    resumed.run()
    assert_same(dict(whole.model.state_dict()), dict(resumed.model.state_dict()))


def test_a_state_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "state.pt"
    save_whole({"step": 1}, path)

    def fails(_, file):
        file.write(b"half")
        raise OSError("disk full")

    with monkeypatch.context() as context:
        context.setattr(torch, "save", fails)
        with pytest.raises(OSError, match="disk full"):
            save_whole({"step": 2}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}


def test_a_state_that_cannot_be_gone_on_from_is_named(recipe, tmp_path):
    cases = stored_cases(recipe.manifest, "train", recipe)
    folder = tmp_path / "run"
    Trainer(recipe, cases, lambda *_: (0.0, {}), folder).run(until=0)
    with pytest.raises(ValueError, match=r"trained with optimizer = 'adamw'.*another name"):
        Trainer(dataclasses.replace(recipe, optimizer="sgd"), cases, None, folder)
    (folder / "state.pt").write_bytes(b"half")
    with pytest.raises(ValueError, match=r"state\.pt .*delete it to begin anew"):
        Trainer(recipe, cases, None, folder)
    save_whole({"step": 1}, folder / "state.pt")
    with pytest.raises(ValueError, match=r"lacks \['average', 'best'"):
        Trainer(recipe, cases, None, folder)


def test_a_state_of_earlier_versions_is_gone_on_from(recipe, tmp_path):
    """It knew neither the optimiser's name nor factors of the rate nor a scaler."""
    cases = stored_cases(recipe.manifest, "train", recipe)
    folder = tmp_path / "run"
    Trainer(recipe, cases, lambda *_: (0.5, {}), folder).run(until=0)
    state = torch.load(folder / "state.pt", weights_only=True)
    for key in ("optimizer_name", "scaler"):
        del state[key]
    for group in state["optimizer"]["param_groups"]:
        del group["factor"]
    save_whole(state, folder / "state.pt")
    trainer = Trainer(recipe, cases, lambda *_: (0.5, {}), folder)
    assert trainer.step == 1
    assert trainer.run() == 0.5
