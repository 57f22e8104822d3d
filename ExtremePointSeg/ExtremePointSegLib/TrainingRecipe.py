"""The recipe of a U-Net that suits a training set, for `python -m cueseg train`; files only, for a worker thread."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from ExtremePointSegLib.TrainingSet import IGNORE, MANIFEST, RUNS, TrainingSet

_LARGEST = {2: (192, 192), 3: (32, 96, 96)}  # sides of a patch
_LEVELS = 4
_MULTIPLE = 2 ** (_LEVELS - 1)
_BATCH = {2: 8, 3: 2}
_KEPT = ("dims", "classes", "patch", "base", "levels", "norm", "network", "flat", "intensity", "crf_grid")
"""What a run cannot change."""
_SAME = ("kind", "dims", "classes", "target")  # where these differ it is another run
_LEAST_CRF = 16  # sides of the grid of the CRF, which is half as fine in the slices as the patch


def writeRecipe(found: TrainingSet, dims: int, steps: int, device: str) -> Path:
    """Write the recipe of the next training on a set; returns its path, whose stem is the name of the run.

    A run of the same classes goes on: it keeps its patches. After classes were added another run begins. Labels from
    seven points are learned from as PA-Seg does (Zhai, Wang et al. 2022, stage 1), by its 2.5D U-Net; where nothing is
    unknown, since all objects were cut out, without its losses for what is.

    :param dims: 2 or 3; not looked at where labels are from seven points.
    :param device: "auto", "cpu" or "cuda".
    :raises ValueError: the set holds no case to validate on, or an image that is not there.
    """
    if not found.canTrain:
        raise ValueError(
            f"the set has {len(found.ids)} case of one patient or none: add a case of another patient, since one is "
            "held back to validate on"
        )
    make = _pointsValues if found.isOfPoints else _values
    values = make(found, dims, steps, device)
    ending = "points" if found.isOfPoints else f"{dims}d"
    base = re.sub(r"[^A-Za-z0-9._+-]", "-", found.folder.resolve().name).lstrip("._+-") or "labels"
    number = 1
    while True:
        name = f"{base}-{ending}" + (f"-{number}" if number > 1 else "")
        path = found.folder / RUNS / f"{name}.toml"
        before = readRecipe(path) if path.is_file() else values
        if all(before.get(key) == values.get(key) for key in _SAME):
            break
        number += 1
    values |= {key: before.get(key, values[key]) for key in _KEPT if key in values}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(asToml({"name": name, **values}), encoding="utf-8")
    return path


def readRecipe(path: Path) -> dict[str, Any]:
    """The values of a recipe that was written here.

    :raises ValueError: it was damaged since.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no recipe any more ({error}): remove it with its folder") from error


def _values(found: TrainingSet, dims: int, steps: int, device: str) -> dict[str, Any]:
    return {
        "kind": "dense",
        "dims": dims,
        "base": 16,
        "levels": _LEVELS,
        "norm": "instance",
        "intensity": _intensity(found.modality),
        "missing": "unknown",  # a segment that a case lacks need not be absent from the image
        "patch": _patch(found, dims),
        "foreground": 0.7,
        "flips": [],  # organs may be of one side
        "rotation": 15,
        "tilt": 0 if dims == 2 else 8,
        "scale": [0.85, 1.2],
        "batch": _BATCH[dims],
        "learning_rate": 2e-3,
        "warm_up": min(50, steps // 10),
        "ema": 0.995,
        "whole_images": dims == 2,
        **_common(found, steps, device),
        "description": f"Trained on {len(found.ids)} own cases of {', '.join(found.classes)}.",
        "classes": {name: [name] for name in found.classes},
    }


def _pointsValues(found: TrainingSet, dims: int, steps: int, device: str) -> dict[str, Any]:
    """Those of recipes/points-stage1.toml, made for patches that a CPU can do too."""
    patch, weak = _patch(found, 3), _hasUnknown(found)
    return {
        "kind": "points",
        "target": found.classes[0],
        "labels": "expanded",
        "network": "unet-2.5d",
        "base": 16,
        "levels": _LEVELS,
        "flat": 2,
        "intensity": _pointsIntensity(found.modality),
        "patch": patch,
        "foreground": 0.5,
        "flips": [],  # organs may be of one side
        "crf_weight": 1.0 if weak else 0.0,
        "variance_weight": 0.1 if weak else 0.0,
        "ramp": 0.1,
        "crf_grid": [patch[0], *(max(min(side, _LEAST_CRF), side // 2) for side in patch[1:])],
        "selection": "weak",
        "batch": 1,
        "learning_rate": 1e-2,
        "schedule": "poly",
        "momentum": 0.99,
        "nesterov": True,
        "weight_decay": 3e-5,
        **_common(found, steps, device),
        "description": f"Trained on {len(found.ids)} own cases of {found.classes[0]}, from seven points per object.",
    }


def _common(found: TrainingSet, steps: int, device: str) -> dict[str, Any]:
    return {
        "manifest": (found.folder.resolve() / MANIFEST).as_posix(),
        "steps": steps,
        "validate_every": max(1, steps // 10),
        "save_every": max(1, min(50, steps // 20)),
        "report_every": max(1, steps // 100),
        "device": device,
        "workers": 0,
        "tensorboard": False,
        "licence": "of the labels' owner",
        "data": f"{len(found.ids)} cases of {found.folder.resolve().name}",
    }


def _pointsIntensity(modality: str) -> dict[str, Any]:
    """About 1 between what is dark and bright: the CRF's widths are for such images."""
    if modality == "ct":
        return {"kind": "clip-zscore", "low": -200, "high": 300, "mean": 0, "std": 150}
    return {"kind": "zscore", "nonzero": False}


def _intensity(modality: str) -> dict[str, Any]:
    if modality == "ct":
        return {"kind": "window", "low": -200, "high": 300, "out": [0, 1]}
    return {"kind": "percentiles", "low": 0.5, "high": 99.5, "out": [0, 1]}


def _hasUnknown(found: TrainingSet) -> bool:
    """Whether a case with labels from seven points holds voxels of which nothing is known."""
    import SimpleITK as sitk

    number = found.classes.index(IGNORE) + 1
    paths = (found.folder / entry["labels"] for entry in _entries(found))
    return any((sitk.GetArrayViewFromImage(sitk.ReadImage(str(path))) == number).any() for path in paths)


def _entries(found: TrainingSet) -> list[dict[str, Any]]:
    return json.loads((found.folder / MANIFEST).read_text(encoding="utf-8"))


def _patch(found: TrainingSet, dims: int) -> list[int]:
    """The median image in multiples of what the network halves, up to a bound."""
    import SimpleITK as sitk

    sizes = []
    for entry in _entries(found):
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(found.folder / entry["image"]))
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            raise ValueError(
                f"{found.folder / entry['image']} cannot be read: add the case again with 'Replace'"
            ) from error
        sizes.append(reader.GetSize()[:3][::-1])
    sides = np.median(sizes, axis=0)[-dims:]
    wanted = (np.ceil(sides / _MULTIPLE) * _MULTIPLE).astype(int).tolist()
    return [min(side, most) for side, most in zip(wanted, _LARGEST[dims], strict=True)]


def asToml(values: dict[str, Any]) -> str:
    """A recipe's text. Texts of JSON are texts of TOML too; tables come last."""
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {_literal(value)}" for key, value in values.items() if key not in tables]
    for key, table in tables.items():
        lines += [
            "",
            f"[{key}]",
            *(f"{json.dumps(name)} = {_literal(value)}" for name, value in table.items()),
        ]
    return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_literal(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)
