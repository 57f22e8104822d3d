"""Made-up labelled volumes, tiny recipes, and the train command in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from cueseg.training.loop import TrainingLoop

POINTS = """
name = "tiny"
manifest = "{manifest}"
architecture = "compact"
batch = 4
steps = 6
warm_up = 2
learning_rate = 1e-3
validate_every = 3
save_every = 2
report_every = 1
workers = 0
tensorboard = false

[[phases]]
first = 0
size = 48
shares = {{ "made up" = 1.0 }}
"""

DENSE = """
kind = "dense"
name = "tiny"
manifest = "{manifest}"
dims = 3
base = 4
levels = 2
intensity = {{ kind = "window", low = -100, high = 100, out = [0, 1] }}
patch = [4, 16, 16]
batch = 4
steps = 6
warm_up = 2
validate_every = 3
save_every = 2
report_every = 1
workers = 0
tensorboard = false

[classes]
box = ["box"]
slab = ["slab"]
"""


def write_case(
    folder: Path,
    number: int,
    split: str,
    labels: np.ndarray,
    image: np.ndarray,
    classes: dict[str, list[int]],
) -> dict:
    """Write a CT volume with noise and its labels, pixels of 1 mm in slices of 3 mm; its entry in a manifest."""
    noisy = (image + np.random.default_rng(number).normal(0, 5, labels.shape)).astype(np.int16)
    for name, array in (("image", noisy), ("labels", labels)):
        picture = sitk.GetImageFromArray(array)
        picture.SetSpacing((1.0, 1.0, 3.0))
        sitk.WriteImage(picture, str(folder / f"{number}_{name}.nrrd"))
    return {
        "subject": f"case {number}",
        "split": split,
        "group": "made up",
        "modality": "ct",
        "image": f"{number}_image.nrrd",
        "labels": f"{number}_labels.nrrd",
        "classes": classes,
    }


def write_manifest(folder: Path, splits: tuple[str, ...] = ("train", "train", "val")) -> Path:
    """CT volumes (6, 40, 50) with a box and a slab, one for every split named; the manifest."""
    entries = []
    for number, split in enumerate(splits):
        labels = np.zeros((6, 40, 50), np.uint8)
        labels[1:5, 10:20, 12 + number : 30] = 1
        labels[2:5, 25:33, 5:16] = 2
        classes = {"box": [1], "slab": [2]}
        entries.append(write_case(folder, number, split, labels, labels * 60.0 - 50, classes))
    path = folder / "manifest.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def recipe_text(text: str, manifest: Path, **values: object) -> str:
    """A recipe on a manifest; `values` come before the rest and replace lines of the same name."""
    lines = text.format(manifest=manifest.as_posix()).splitlines()
    kept = [line for line in lines if line.split(" = ")[0] not in values]
    return "\n".join([f"{key} = {json.dumps(value)}" for key, value in values.items()] + kept)


def write_recipe(folder: Path, text: str, **values: object) -> Path:
    """A recipe on a new manifest in the folder, with other values."""
    path = folder / "recipe.toml"
    path.write_text(recipe_text(text, write_manifest(folder), **values), encoding="utf-8")
    return path


def start_training(recipe: Path, output: Path, *words: str, ranks: int = 1) -> subprocess.Popen[str]:
    """Start the train command on the CPU, under torchrun for several ranks."""
    launcher = (
        ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"] if ranks > 1 else []
    )
    command = [
        sys.executable,
        *launcher,
        "-m",
        "cueseg",
        "train",
        str(recipe),
        "--output",
        str(output),
        *words,
    ]
    return subprocess.Popen(
        command,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def finish(process: subprocess.Popen[str], seconds: float = 120) -> str:
    """Wait for success; what it said."""
    said, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, said
    return said


def check_that_a_killed_run_goes_on(start: Callable[[Path], TrainingLoop], folder: Path) -> list[dict]:
    """Four steps at once, and two with the process gone before the third ends, then two more: equal weights.

    `start` gives the trainer of a run's folder, which is to save after every step; returns the rows of the log that
    have a validation.
    """
    whole = start(folder / "whole")
    whole.run()
    killed = start(folder / "killed")
    train_step = killed.train_step

    def third_step_fails(*batch: object) -> float:
        if killed.step == 2:
            raise KeyboardInterrupt
        return train_step(*batch)

    killed.train_step = third_step_fails
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    resumed = start(folder / "killed")
    assert resumed.step == 2
    assert resumed.run() == pytest.approx(whole.best)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    lines = (folder / "whole" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "val" in row]


def state_of(output: Path) -> dict:
    """The last state of the run "tiny"."""
    return torch.load(output / "tiny" / "state.pt", weights_only=True)


def rows_of(output: Path) -> list[dict]:
    """The log of the run "tiny"."""
    return [
        json.loads(line) for line in (output / "tiny" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    ]
