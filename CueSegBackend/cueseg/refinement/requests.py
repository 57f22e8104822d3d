"""Checks of what the user asks for, before anything is computed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RefinementRequest", "check_request"]

_MOST_NEW = 16


@dataclass(frozen=True)
class RefinementRequest:
    """Checked arrays on the image.

    Attributes:
        scribbles: int16, -1 where nothing is painted.
        base_labels: int16, or None: the network's initial prediction.
        scope: bool, or None: everywhere.
        locked: class numbers.
        classes: of the network.
    """

    scribbles: NDArray[np.int16]
    base_labels: NDArray[np.int16] | None
    scope: NDArray[np.bool_] | None
    locked: frozenset[int]
    classes: int

    @property
    def appended(self) -> int:
        """Number of classes to append."""
        return max(0, int(self.scribbles.max()) + 1 - self.classes)

    @property
    def unused(self) -> tuple[int, ...]:
        """Which of the appended classes no scribble asks for."""
        painted = set(np.unique(self.scribbles).tolist())
        return tuple(n for n in range(self.appended) if self.classes + n not in painted)


def check_request(
    shape: tuple[int, ...],
    class_names: tuple[str, ...],
    scribbles: ArrayLike,
    base_labels: ArrayLike | None,
    scope: ArrayLike | None,
    locked: Collection[int],
) -> RefinementRequest:
    """Take the arrays of a refinement in.

    Args:
        shape: spatial shape of the image.
        class_names: of the network.
        scribbles: integers of that shape, -1 none, k class k.
        base_labels: integers of that shape, or None.
        scope: bool of that shape, or None.
        locked: class numbers, of the network, the scribbles or the base labels.

    Raises:
        ValueError: what is wrong, with the value and the remedy.
    """
    count = len(class_names)
    painted = _integers(scribbles, shape, "scribbles")
    least, most = int(painted.min()), int(painted.max())
    if least < -1:
        raise ValueError(
            f"the scribbles hold {least}: use -1 for pixels without a scribble, 0 and more for classes"
        )
    if most < 0:
        raise ValueError(
            "there are no scribbles: paint over some of what is wrong, with the label it should have"
        )
    if most >= count + _MOST_NEW:
        known = ", ".join(f"{number} {name}" for number, name in enumerate(class_names))
        raise ValueError(
            f"the scribbles hold class {most}, but the network has {known}; a new class is {count}"
        )
    base = None if base_labels is None else _integers(base_labels, shape, "base labels")
    beyond = 0 if base is None else int(base.max()) + 1  # labels that the network does not know may be locked
    return RefinementRequest(
        painted,
        base,
        None if scope is None else _scope(scope, shape),
        _locked(locked, max(count, most + 1, beyond)),
        count,
    )


def _integers(values: ArrayLike, shape: tuple[int, ...], what: str) -> NDArray[np.int16]:
    array: NDArray[Any] = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"the {what} have dtype {array.dtype}: give integers, e.g. .astype(np.int16)")
    if array.shape != shape:
        raise ValueError(
            f"the {what} have shape {array.shape}, the image {shape}: draw them on this image's grid"
        )
    limits = np.iinfo(np.int16)
    if array.min() < limits.min or array.max() > limits.max:
        raise ValueError(f"the {what} hold values from {array.min()} to {array.max()}: use class numbers")
    return array.astype(np.int16)


def _scope(scope: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    array = np.asarray(scope)
    if array.dtype != bool or array.shape != shape:
        raise ValueError(
            f"the scope has dtype {array.dtype} and shape {array.shape}: give a bool array of the image's shape {shape}"
        )
    if not array.any():
        raise ValueError("the scope is empty: nothing could change; widen it, or leave it out")
    return array


def _locked(locked: Collection[int], count: int) -> frozenset[int]:
    for number in locked:
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < count:
            raise ValueError(f"locked holds {number!r}: give class numbers from 0 to {count - 1}")
    if len(set(locked)) >= count:
        raise ValueError("every class is locked, so nothing could change: unlock the classes to correct")
    return frozenset(int(number) for number in locked)
