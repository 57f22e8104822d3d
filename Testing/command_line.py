"""Running `python -m cueseg` in tests: its words, processes of its own, weights that cost nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import cueseg
from cueseg.models import create_model
from cueseg.weights_file import LoadedModel, WeightsCard, save_model
from image_builder import POINTS

BRIGHT_CARD = WeightsCard(name="bright", architecture="compact", licence="MIT", input_size=96)


class BrightnessNetwork(nn.Module):
    """A network double: foreground where the image is bright."""

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, :1] - 127.5) / 10


def predict_by_brightness(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the predictor the double whatever weights it asks for; returns the names that it asks for."""
    asked = []

    def load(name: str) -> LoadedModel:
        asked.append(name)
        return LoadedModel(BrightnessNetwork(), BRIGHT_CARD)

    monkeypatch.setattr("cueseg.predictor.load_model", load)
    return asked


def save_tiny_model(path: Path, description: str = "") -> None:
    """Random weights of a small network, with the name of the file."""
    card = WeightsCard(
        name=path.stem,
        architecture="psp-resnet18",
        licence="MIT",
        model_options={"head_channels": 8},
        input_size=64,
        description=description,
    )
    torch.manual_seed(5)
    save_model(path, create_model("psp-resnet18", 4, head_channels=8), card)


def segment_words(image: Path, output: Path, *more: object, points: tuple[str, ...] = POINTS) -> list[str]:
    return ["segment", str(image), "--points", *points, "--output", str(output), *map(str, more)]


def start_python(*arguments: str) -> subprocess.Popen[str]:
    """Start Python in a process of its own that finds cueseg where this one does."""
    paths = {"PYTHONPATH": str(Path(cueseg.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | paths | {"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python as `start_python` does, to its end."""
    with start_python(*arguments) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
