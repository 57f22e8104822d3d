"""Read seven points from a file: Slicer's markups, or a list of targets in pixels."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cueseg.seven_points.target import Target

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile

__all__ = ["read_targets", "targets_of"]

_TO_LPS = {"LPS": 1.0, "RAS": -1.0}  # factor of the first two coordinates


def read_targets(path: str | os.PathLike[str], image: "ImageFile") -> list[Target]:
    """Read the targets of an image.

    Args:
        path: JSON. Either markups as Slicer saves them (.mrk.json): every list of control points is a target, its first
            point the seed, in mm of the patient, LPS or RAS as the file says. Or
            {"targets": [{"seed": [x, y, z], "outside": [[x, y, z], ...]}]} in pixels of the image.
        image: where the points of markups lie; what places them is its origin, spacing and direction.

    Returns:
        The targets, in the order of the file.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not JSON, neither of these, or points that are none; the message names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: check the path")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}): save the points as .mrk.json in Slicer") from error
    if isinstance(content, Mapping) and isinstance(content.get("markups"), list):
        found = [_of_markups(item, image, path) for item in content["markups"] if _points_of(item)]
    elif isinstance(content, Mapping) and isinstance(content.get("targets"), list):
        found = targets_of(content["targets"], path)
    else:
        raise ValueError(
            f'{path} holds neither "markups" nor "targets": save the points as .mrk.json in Slicer'
        )
    if not found:
        raise ValueError(f"{path} holds no points: place a seed and six points outside the object first")
    return found


def targets_of(items: list[Any], where: object) -> list[Target]:
    """Targets in pixels, [{"seed": [x, y, z], "outside": [[x, y, z], ...]}, ...].

    Raises:
        ValueError: Points that are none; the message begins with `where` they stand.
    """
    return [_of_pixels(item, where) for item in items]


def _points_of(item: Any) -> list[Any]:
    """Control points that have been placed."""
    points = item.get("controlPoints", []) if isinstance(item, Mapping) else []
    return [point for point in points if point.get("positionStatus", "defined") == "defined"]


def _of_markups(item: Mapping[str, Any], image: "ImageFile", path: Path) -> Target:
    system = item.get("coordinateSystem", "LPS")
    if system not in _TO_LPS:
        raise ValueError(f"{path} gives its points in {system!r}: LPS and RAS can be read")
    places = [point.get("position") for point in _points_of(item)]
    try:
        given = np.array(places, np.float64).reshape(len(places), 3)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} holds a control point without a position of three numbers") from error
    given[:, :2] *= _TO_LPS[system]
    to_pixels = np.linalg.inv(image.ijk_to_lps())
    pixels = (given @ to_pixels[:3, :3].T + to_pixels[:3, 3]).tolist()
    return _target(pixels[0], pixels[1:], path)


def _of_pixels(item: Any, path: object) -> Target:
    if not (isinstance(item, Mapping) and isinstance(item.get("outside"), list) and "seed" in item):
        raise ValueError(f'{path} holds a target without "seed": [x, y, z] or "outside": [[x, y, z], ...]')
    return _target(item["seed"], item["outside"], path)


def _target(seed: Any, outside: list[Any], path: object) -> Target:
    try:
        return Target(seed, tuple(outside))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
