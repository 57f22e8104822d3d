"""Several ranks see the samples of one and descend as it does."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import distributed, nn

from cueseg.training.batch_numbers import BatchNumbers
from cueseg.training.loop_options import LoopOptions
from cueseg.training.ranks import Ranks, joined_ranks
from cueseg.training.synchronised_norm import synchronise_norms
from cueseg.weights_file import WEIGHTS_FOLDER
from training_case import DENSE, POINTS, finish, rows_of, start_training, state_of, write_recipe

FAILS_ON_ONE_RANK = """
import os, sys
from cueseg.cli.main import main
from cueseg.training.samples import SampleSource

draw = SampleSource.draw

def draw_or_fail(self, number, phase):
    if os.environ["RANK"] == "1" and number >= 10:
        raise ValueError("this sample cannot be made")
    return draw(self, number, phase)

SampleSource.draw = draw_or_fail
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_ranks_and_parts_share_out_every_batch_in_order(world, accumulate):
    options = LoopOptions(batch=12, steps=5, accumulate=accumulate)
    ranks = [list(BatchNumbers(options, 2, Ranks(rank, world))) for rank in range(world)]
    assert all(len(numbers) == len(BatchNumbers(options, 2, Ranks(0, world))) for numbers in ranks)
    together = [number for parts in zip(*ranks, strict=True) for part in parts for number in part]
    assert together == list(range(24, 60))


def test_a_batch_that_cannot_be_shared_out_is_refused():
    with pytest.raises(ValueError, match=r"batch of 6 cannot be divided among 4 processes.*multiple of 4"):
        BatchNumbers(LoopOptions(batch=6), 0, Ranks(0, 4))


SHIPPED = {
    "loss": "balanced-mean",
    "initial_weights": str(WEIGHTS_FOLDER / "compact-cm.pt"),
    "learning_rate": 1e-4,
}


@pytest.mark.parametrize(
    ("text", "options"),
    [(POINTS, SHIPPED), (DENSE, {"accumulate": 2, "optimizer": "sgd", "learning_rate": 0.1})],
    ids=["points", "dense"],
)
def test_two_ranks_have_the_loss_curve_of_one(tmp_path, text, options):
    """The networks are one with norms over the batch and one with norms over an image.

    The first starts from trained weights: from random ones, its gradient changes by a hundredth where its input does
    by the rounding of a float.
    """
    recipe = write_recipe(tmp_path, text, **options)
    one, two = tmp_path / "one", tmp_path / "two"
    finish(start_training(recipe, one))
    said = finish(start_training(recipe, two, ranks=2))
    assert said.count("best validation Dice") == 1  # one rank speaks
    losses = [[row["loss"] for row in rows_of(path) if "loss" in row] for path in (one, two)]
    assert len(losses[0]) == options.get("steps", 6)
    assert np.allclose(*losses, atol=1e-3, rtol=0)
    assert losses[0][-1] != losses[0][0]
    scores = [[row["val"] for row in rows_of(path) if "val" in row] for path in (one, two)]
    assert np.allclose(*scores, atol=1e-2)
    alone, together = (state_of(path)["model"] for path in (one, two))
    for name, value in alone.items():
        assert torch.allclose(value.float(), together[name].float(), atol=2e-3), name


def test_when_one_rank_fails_all_end_and_the_state_stays(tmp_path):
    recipe = write_recipe(tmp_path, POINTS, steps=40, validate_every=40)
    script = tmp_path / "fails.py"
    script.write_text(FAILS_ON_ONE_RANK, encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, str(script), "train", str(recipe), "--output", str(tmp_path / "out")],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode != 0
    assert "error: this sample cannot be made" in done.stderr
    assert 0 < state_of(tmp_path / "out")["step"] < 40


@pytest.fixture
def alone(monkeypatch):
    """A group of one process, in which sums over the ranks are those of this one."""
    address = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    for key, value in address.items():
        monkeypatch.setenv(key, value)
    distributed.init_process_group("gloo")
    yield
    distributed.destroy_process_group()


def test_norms_over_the_ranks_are_batch_norms_with_the_same_names(alone):
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Sequential(nn.BatchNorm2d(5, momentum=0.3), nn.ReLU()))
    shared = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Sequential(nn.BatchNorm2d(5, momentum=0.3), nn.ReLU()))
    shared.load_state_dict(plain.state_dict())
    synchronise_norms(shared)
    assert list(shared.state_dict()) == list(plain.state_dict())
    x = torch.randn(4, 3, 9, 8) * 3 + 1
    for network in (plain, shared):
        (network(x) ** 3).mean().backward()
    for (name, a), b in zip(plain.named_parameters(), shared.parameters(), strict=True):
        assert torch.allclose(a.grad, b.grad, atol=1e-5), name
    for name, value in plain.state_dict().items():
        assert torch.allclose(value.float(), shared.state_dict()[name].float(), atol=1e-6), name
    assert torch.allclose(plain.eval()(x), shared.eval()(x), atol=1e-6)


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_ranks("cpu") as ranks:
        assert (ranks.rank, ranks.world, ranks.first) == (0, 1, True)
        assert ranks.from_first("value") == "value"
        values = torch.ones(2, 3)
        assert ranks.gather(values) is values
    assert ranks.device("cpu") == torch.device("cpu")
