"""Slices and stacks of slices as they were shown, out of a volume and back into it. Needs no torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["StackView"]


@dataclass(frozen=True)
class StackView:
    """The slices of a volume across one of its axes, turned as the network saw them.

    Attributes:
        axis: Of the array (slices, rows, cols) across which the slices lie.
        transposed: Whether rows and columns of the two other axes change places.
        flip_slices, flip_rows, flip_cols: Whether the order is reversed, after that.
    """

    axis: int = 0
    transposed: bool = False
    flip_slices: bool = False
    flip_rows: bool = False
    flip_cols: bool = False

    def __post_init__(self) -> None:
        if self.axis not in (0, 1, 2) or isinstance(self.axis, bool):
            raise ValueError(f"axis must be 0, 1 or 2, not {self.axis!r}")

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view without copy, (slices, rows, cols[, channels]); what is written to it is written to the array."""
        stack = np.moveaxis(array, self.axis, 0)
        if self.transposed:
            stack = np.swapaxes(stack, 1, 2)
        steps = (-1 if flip else 1 for flip in (self.flip_slices, self.flip_rows, self.flip_cols))
        return stack[tuple(slice(None, None, step) for step in steps)]

    def to_json(self) -> dict[str, Any]:
        """For a record."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "StackView":
        """From a record.

        Raises:
            ValueError: Other fields.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"a view has other fields than {dict(values)!r}") from error
