"""Where the labels of every slice come from: clicked, predicted, drawn, ...; checked or not; which weights."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

__all__ = ["ORIGINS", "SliceOrigin", "origins_of_json", "origins_to_json", "read_origins"]

ORIGINS = (
    "clicked",
    "derived",
    "propagated",
    "filled",
    "predicted",
    "drawn",
    "expanded",
    "cut",
    "unrecorded",
)


@dataclass(frozen=True)
class SliceOrigin:
    """Where the labels of one segment in one slice come from.

    Attributes:
        segment: Name of the segment.
        index: Slice, counted from 0 as stored.
        origin: "clicked" (four extreme points), "derived" (points of a shape between other slices), "propagated"
            (points of the slice before), "filled" (the shape between other slices), "predicted" (a network, without
            points), "drawn" (by hand), "expanded" or "cut" (from seven points of the object) or "unrecorded".
        checked: Whether somebody looked at it and let it stand.
        axis: Name of the direction of the slice, see `cueseg.image_files.AXES`.
        points: What the network was given, (x, y), where it was.
        weights: {"name", "sha256"} of the weights that made it; {} where none did.
    """

    segment: str
    index: int
    origin: str
    checked: bool = False
    axis: str = "stored"
    points: tuple[tuple[float, float], ...] = ()
    weights: dict[str, str] | None = None

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            raise ValueError(f"origin must be one of {', '.join(ORIGINS)}, got {self.origin!r}")
        if self.origin in ("clicked", "predicted") and not (self.weights or {}).get("sha256"):
            raise ValueError(
                f"slice {self.index} of {self.segment} is {self.origin}: say by which weights (sha256)"
            )


def origins_to_json(origins: Iterable[SliceOrigin]) -> list[dict[str, Any]]:
    """Origins as values of a JSON file."""
    return [{**asdict(item), "points": [list(point) for point in item.points]} for item in origins]


def origins_of_json(values: Any) -> list[SliceOrigin]:
    """The inverse of `origins_to_json`.

    Raises:
        ValueError: Not such values.
    """
    known = {field.name for field in fields(SliceOrigin)}
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        raise ValueError("the origins of the slices must be a list of objects")
    origins = []
    for item in values:
        if not {"segment", "index", "origin"} <= set(item) <= known:
            raise ValueError(
                f"the origin of a slice has the fields {', '.join(sorted(known))}, got {sorted(item)}"
            )
        points = tuple((float(x), float(y)) for x, y in item.get("points") or ())
        origins.append(SliceOrigin(**{**item, "points": points}))
    return origins


def read_origins(path: Path) -> list[SliceOrigin]:
    """Origins from the field "slices" of a JSON file, e.g. a record of the command `label`.

    Raises:
        ValueError: Not such a file.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return origins_of_json(values["slices"] if isinstance(values, dict) and "slices" in values else None)
    except ValueError as error:
        raise ValueError(f"{path} does not say where slices come from: {error}") from error
