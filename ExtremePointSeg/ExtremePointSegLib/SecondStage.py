"""Recipes of PA-Seg's second stage beside one of the first: another network, and both together; files only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ExtremePointSegLib.TrainingRecipe import asToml, readRecipe

# Of the steps of the first stage: 100 of 300 epochs in Zhai, Wang et al.; cuts differ more from what it learned.
_SHARES = {"copy": 1 / 3, "cut": 4 / 5}
_REFRESHES = 5  # of the frozen copies: every 20 of 100 epochs
_STEPPING = {"learning_rate": 1e-2, "ema": 0.99}  # see docs/benchmarks.md, networks from seven points
_NETWORK = {"network": "unet", "base": 8}  # 3D at all levels, so that it errs otherwise than the first


def writeSecondStage(first: Path) -> list[Path]:
    """Write the recipes that follow on a recipe of `TrainingRecipe.writeRecipe` with labels from seven points.

    :return: those of the second network and of both together, in the order of training.
    :raises ValueError: the recipe is of another kind or of cut-out objects alone, or damaged.
    """
    values = readRecipe(first)
    if values["kind"] != "points":
        raise ValueError(
            f"{first} learns from drawn labels: the second stage is for labels from seven points"
        )
    if not values["crf_weight"]:
        raise ValueError(
            "all objects of this set were cut out, so that no voxel is unknown, and a second stage fills in what is: "
            "untick 'Second stage', or add cases with the labels 'Seven points, expanded'"
        )
    another = {key: value for key, value in values.items() if key != "flat"} | _NETWORK
    names = f"{first.stem}-second", f"{first.stem}-both"
    made = ({**another, "name": names[0]}, _together(values, *names))
    paths = [first.with_name(f"{name}.toml") for name in names]
    for path, recipe in zip(paths, made, strict=True):
        path.write_text(asToml(recipe), encoding="utf-8")
    return paths


def _together(values: dict[str, Any], second: str, name: str) -> dict[str, Any]:
    fill = _fill(Path(values["manifest"]))
    steps = max(1, round(values["steps"] * _SHARES[fill]))
    shared = ("device", "workers", "tensorboard", "licence", "data", "description")
    return {
        "kind": "monitoring",
        "name": name,
        "first": values["name"],
        "second": second,
        "steps": steps,
        "refresh": max(1, steps // _REFRESHES),
        "fill": fill,
        "validate_every": max(1, steps // 10),
        "save_every": max(1, min(50, steps // 20)),
        "report_every": max(1, steps // 100),
        **_STEPPING,
        **{key: values[key] for key in shared},
    }


def _fill(manifest: Path) -> str:
    """By cuts where every case tells its points; sets of earlier versions do not."""
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    return "cut" if all(entry.get("targets") for entry in entries) else "copy"
