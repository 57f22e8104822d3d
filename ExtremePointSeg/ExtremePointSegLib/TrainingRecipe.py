"""The recipe of a U-Net that suits a training set, for `python -m cueseg train`; files only, for a worker thread."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from ExtremePointSegLib.TrainingSet import MANIFEST, RUNS, TrainingSet

_LARGEST = {2: (192, 192), 3: (32, 96, 96)}  # sides of a patch
_LEVELS = 4
_MULTIPLE = 2 ** (_LEVELS - 1)
_BATCH = {2: 8, 3: 2}
_KEPT = ("dims", "classes", "patch", "base", "levels", "norm", "intensity")  # what a run cannot change


def writeRecipe(found: TrainingSet, dims: int, steps: int, device: str) -> Path:
    """Write the recipe of the next training on a set; returns its path, whose stem is the name of the run.

    A run of the same classes goes on: it keeps its patches. After classes were added another run begins.

    :param dims: 2 or 3.
    :param device: "auto", "cpu" or "cuda".
    :raises ValueError: the set holds no case to validate on, or an image that is not there.
    """
    if not found.canTrain:
        raise ValueError(
            f"the set has {len(found.ids)} case of one patient or none: add a case of another patient, since one is "
            "held back to validate on"
        )
    values = _values(found, dims, steps, device)
    base = re.sub(r"[^A-Za-z0-9._+-]", "-", found.folder.resolve().name).lstrip("._+-") or "labels"
    number = 1
    while True:
        name = f"{base}-{dims}d" + (f"-{number}" if number > 1 else "")
        path = found.folder / RUNS / f"{name}.toml"
        before = _read(path) if path.is_file() else values
        if before.get("classes") == values["classes"] and before.get("dims") == dims:
            break
        number += 1
    values |= {key: before.get(key, values[key]) for key in _KEPT}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_toml({"name": name, **values}), encoding="utf-8")
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no recipe any more ({error}): remove it with its folder") from error


def _values(found: TrainingSet, dims: int, steps: int, device: str) -> dict[str, Any]:
    return {
        "kind": "dense",
        "manifest": (found.folder.resolve() / MANIFEST).as_posix(),
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
        "steps": steps,
        "learning_rate": 2e-3,
        "warm_up": min(50, steps // 10),
        "ema": 0.995,
        "validate_every": max(1, steps // 10),
        "save_every": max(1, min(50, steps // 20)),
        "report_every": max(1, steps // 100),
        "device": device,
        "workers": 0,
        "tensorboard": False,
        "whole_images": dims == 2,
        "licence": "of the labels' owner",
        "description": f"Trained on {len(found.ids)} own cases of {', '.join(found.classes)}.",
        "data": f"{len(found.ids)} cases of {found.folder.resolve().name}",
        "classes": {name: [name] for name in found.classes},
    }


def _intensity(modality: str) -> dict[str, Any]:
    if modality == "ct":
        return {"kind": "window", "low": -200, "high": 300, "out": [0, 1]}
    return {"kind": "percentiles", "low": 0.5, "high": 99.5, "out": [0, 1]}


def _patch(found: TrainingSet, dims: int) -> list[int]:
    """The median image in multiples of what the network halves, up to a bound."""
    import SimpleITK as sitk

    entries = json.loads((found.folder / MANIFEST).read_text(encoding="utf-8"))
    sizes = []
    for entry in entries:
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


def _toml(values: dict[str, Any]) -> str:
    """Texts of JSON are texts of TOML too; tables come last."""
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
