"""A simulated user, for evaluation: strokes where a prediction is wrong, drawn as a person would draw them.

No person is involved in what these functions return; results obtained with them are to be named as simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cueseg.map_options import is_number
from cueseg.scribbles.arrays import NONE, check_scribbles, check_spacing
from cueseg.scribbles.strokes import medial_stroke

UNKNOWN = -1  # value of the truth where nobody knows the class: never an error, never painted


@dataclass(frozen=True)
class SimulationOptions:
    """How the simulated user scribbles.

    Attributes:
        max_length: longest stroke, mm.
        strokes_per_label: most strokes of a class in one round.
        min_pixels: smaller connected errors are not worth a stroke.
        separation: mm around earlier strokes of the same class in which no further one is drawn.
        axis: axis of a volume across which slices are shown and scribbled.
        brush_radius: pixels by which a stroke is widened, within pixels of its class.
        labels: the classes that get strokes; None: all, 0 (background) included.
        confirm: where all errors are of one class, also draw a stroke of the class beside it that is right, as a
            user does who does not want that class to spread.
    """

    max_length: float = 20.0
    strokes_per_label: int = 1
    min_pixels: int = 4
    separation: float = 3.0
    axis: int = 0
    brush_radius: int = 0
    labels: tuple[int, ...] | None = None
    confirm: bool = False

    def __post_init__(self) -> None:
        if not (is_number(self.max_length) and self.max_length > 0):
            raise ValueError(f"max_length must be above 0 mm, not {self.max_length!r}")
        if not (is_number(self.separation) and self.separation >= 0):
            raise ValueError(f"separation must be 0 or more mm, not {self.separation!r}")
        for name, least in (("strokes_per_label", 1), ("min_pixels", 1), ("axis", 0), ("brush_radius", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number from {least} on, not {value!r}")


def simulate_scribbles(
    prediction: ArrayLike,
    truth: ArrayLike,
    rng: np.random.Generator,
    options: SimulationOptions | None = None,
    *,
    spacing: Sequence[float] | None = None,
    existing: ArrayLike | None = None,
) -> NDArray[np.int16]:
    """Scribble once on a prediction, with every class that is missing somewhere (simulated).

    For each class, the largest connected error (truth says the class, the prediction another one) gets a stroke
    with that class: in the slice where that error is largest, along its medial axis, of bounded length. Where
    foreground was predicted too much, that is a stroke of background.

    Args:
        prediction: int labels, (rows, cols) or (slices, rows, cols).
        truth: int labels of the same shape, `UNKNOWN` (-1) where the class is not known.
        rng: which part of a long medial axis is painted; drawn from once per call.
        options: length, number and places of the strokes.
        spacing: mm per pixel along each axis; None is 1.
        existing: scribbles of earlier rounds; they are kept, and new strokes keep their distance.

    Returns:
        int16 scribbles, -1 none: the existing and the new ones. All new ones are right by the truth.

    Raises:
        ValueError: shapes that differ, a bad spacing, or an axis that the arrays do not have.
    """
    chosen = SimulationOptions() if options is None else options
    wanted, found = check_scribbles(truth), np.asarray(prediction)
    if found.shape != wanted.shape:
        raise ValueError(f"prediction {found.shape} and truth {wanted.shape} must have one shape")
    steps = check_spacing(spacing, wanted.ndim)
    if wanted.ndim == 3 and chosen.axis > 2:
        raise ValueError(f"axis must be 0, 1 or 2, not {chosen.axis}")
    scribbles = np.full(wanted.shape, NONE, np.int16)
    if existing is not None:
        earlier = check_scribbles(existing)
        if earlier.shape != wanted.shape:
            raise ValueError(f"existing scribbles {earlier.shape} and truth {wanted.shape} differ in shape")
        scribbles[...] = earlier
    base = int(rng.integers(2**31))
    wrong = (found != wanted) & (wanted != UNKNOWN) & (scribbles == NONE)
    missing = np.unique(wanted[wrong]).tolist()
    for label in missing:
        if chosen.labels is None or label in chosen.labels:
            stream = np.random.default_rng((base, label))
            _paint_label(scribbles, wrong & (wanted == label), wanted == label, label, stream, chosen, steps)
    if chosen.confirm and len(missing) == 1:
        right = _right_beside(wrong, found, wanted, chosen.max_length, steps)
        for label in np.unique(wanted[right])[:1].tolist():
            stream = np.random.default_rng((base, label))
            _paint_label(scribbles, right & (wanted == label), wanted == label, label, stream, chosen, steps)
    return scribbles


def _right_beside(
    wrong: NDArray[np.bool_],
    found: NDArray[Any],
    wanted: NDArray[Any],
    reach: float,
    spacing: tuple[float, ...],
) -> NDArray[np.bool_]:
    """Where another class than the missing one is right, within `reach` mm of the errors."""
    away = ndimage.distance_transform_edt(~wrong, sampling=spacing)
    return (found == wanted) & (wanted != UNKNOWN) & (wanted != wanted[wrong][0]) & (away <= reach)


def _paint_label(
    scribbles: NDArray[np.int16],
    errors: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    label: int,
    rng: np.random.Generator,
    options: SimulationOptions,
    spacing: tuple[float, ...],
) -> None:
    """Draw the strokes of one class into the scribbles."""
    box = ndimage.find_objects(errors.astype(np.uint8))[0]
    margin = [int(np.ceil(options.separation / step)) for step in spacing]
    wide = tuple(slice(max(0, b.start - m), b.stop + m) for b, m in zip(box, margin, strict=True))
    part, errors, allowed = scribbles[wide], errors[wide].copy(), allowed[wide]
    for _ in range(options.strokes_per_label):
        _keep_away(errors, part == label, options.separation, spacing)
        region = _largest_error(errors, options, spacing)
        if region is None:
            return
        place, mask, plane_spacing = region
        stroke = medial_stroke(mask, plane_spacing, options.max_length, rng)
        if options.brush_radius:
            stroke = ndimage.binary_dilation(stroke, iterations=options.brush_radius) & allowed[place]
        part[place][stroke & (part[place] == NONE)] = label


def _keep_away(
    errors: NDArray[np.bool_], painted: NDArray[np.bool_], separation: float, spacing: tuple[float, ...]
) -> None:
    if separation > 0 and painted.any():
        errors &= ndimage.distance_transform_edt(~painted, sampling=spacing) > separation


def _largest_error(
    errors: NDArray[np.bool_], options: SimulationOptions, spacing: tuple[float, ...]
) -> tuple[tuple[Any, ...], NDArray[np.bool_], tuple[float, float]] | None:
    """Index of a plane, and the largest error in it (rows, cols) with its spacing; None if there is none."""
    component = _largest_component(errors)
    if component is None or int(component.sum()) < options.min_pixels:
        return None
    if errors.ndim == 2:
        return (...,), component, (spacing[0], spacing[1])
    others = tuple(axis for axis in range(3) if axis != options.axis)
    best = int(np.argmax(component.sum(axis=others)))
    place = tuple(best if axis == options.axis else slice(None) for axis in range(3))
    in_plane = _largest_component(component[place])
    if in_plane is None:
        return None
    return place, in_plane, (spacing[others[0]], spacing[others[1]])


def _largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The largest part of a mask that is connected by faces; the first one if several are as large."""
    components, count = ndimage.label(mask)
    if count == 0:
        return None
    sizes = np.bincount(components.reshape(-1))
    sizes[0] = 0
    return components == int(np.argmax(sizes))
