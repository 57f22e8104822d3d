"""A manifest of small made-up volumes, and weights and networks whose output can be foretold."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cueseg.datasets.entries import entry, write_manifest
from cueseg.networks.card import NetworkCard
from data_set_folders import save

SHAPE = (6, 48, 52)
CARD = NetworkCard(name="bright", dims=2, in_channels=1, classes=("background", "organ", "bone"))


def made_up_labels() -> np.ndarray:
    """Two organs: a disc (1) in four slices and a box (2) in three."""
    labels = np.zeros(SHAPE, np.uint8)
    rows, cols = np.mgrid[: SHAPE[1], : SHAPE[2]]
    labels[1:5, (rows - 16) ** 2 + (cols - 15) ** 2 <= 81] = 1
    labels[2:5, 30:42, 28:45] = 2
    return labels


def write_volumes(folder: Path, splits: tuple[str, ...] = ("val", "val", "test")) -> Path:
    """Images in which label 1 has 150 HU and label 2 has 220 HU in -150 HU; returns the manifest."""
    entries = []
    for number, split in enumerate(splits):
        labels = made_up_labels()
        image = np.select([labels == 1, labels == 2], [150, 220], -150).astype(np.int16)
        image += np.random.default_rng(number).normal(0, 3, SHAPE).astype(np.int16)
        paths = (folder / f"{number}.nrrd", folder / f"{number}_labels.nrrd")
        save(paths[0], image), save(paths[1], labels)
        found = entry(f"case {number}", "made up", "ct", *paths, {"organ": [1], "both": [1, 2]})
        entries.append({**found, "split": split})
    write_manifest(folder / "manifest.json", entries)
    return folder / "manifest.json"


class Thresholds(nn.Module):
    """Class 1 from 0 to 185 HU, class 2 above."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([-x, 185 - (x - 92.5).abs() * 2, x - 185], 1)


def save_thresholds(path: Path, **card: object) -> Path:
    """The network above as TorchScript with its card."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, but its files are still around
        torch.jit.save(torch.jit.trace(Thresholds().eval(), torch.zeros(1, 1, 8, 8)), str(path))
    path.with_suffix(".json").write_text(replace(CARD, **card).to_json(), encoding="utf-8")
    return path
