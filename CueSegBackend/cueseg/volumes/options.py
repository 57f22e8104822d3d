"""Settings of whole volumes from clicked slices. Needs no torch."""

from dataclasses import dataclass

from cueseg.map_options import is_number

__all__ = ["PropagationOptions", "VolumeOptions"]


@dataclass(frozen=True, kw_only=True)
class VolumeOptions:
    """How slices between clicked ones are segmented.

    Attributes:
        threshold: Probability from which a pixel belongs to a mask; None takes the predictor's.
        fill_only: Whether the slices between are only filled, without the network.
        min_agreement: Dice of the network's mask with the filled one from which the network's is taken; below, the
            filled one stays. On training images more than 0.3 only lost: where filling is poor both differ most.
    """

    threshold: float | None = None
    fill_only: bool = False
    min_agreement: float = 0.2

    def __post_init__(self) -> None:
        check_threshold(self.threshold)
        _check_share("min_agreement", self.min_agreement)


@dataclass(frozen=True, kw_only=True)
class PropagationOptions:
    """How a mask is carried on, and when that ends.

    Attributes:
        threshold: As in `VolumeOptions`.
        most: So many slices at most, unless the last one is named. Nothing else tells where a structure ends: the
            network finds something in every box, and is sure of it.
        min_area: Smallest share of the area of the slice before.
        max_area: Largest multiple of it.
        min_probability: Smallest mean probability within the mask.
        by_parts: Whether every part of a mask gets points of its own, and ends where it is too small; else one set of
            points goes around all parts.
    """

    threshold: float | None = None
    most: int = 4
    min_area: float = 0.5
    max_area: float = 2.0
    min_probability: float = 0.7
    by_parts: bool = False

    def __post_init__(self) -> None:
        check_threshold(self.threshold)
        _check_share("min_area", self.min_area)
        _check_share("min_probability", self.min_probability)
        if isinstance(self.most, bool) or not isinstance(self.most, int) or self.most < 1:
            raise ValueError(f"most must be a whole number of slices, 1 or more, got {self.most!r}")
        if not (is_number(self.max_area) and self.max_area >= 1):
            raise ValueError(f"max_area must be a number, 1 or more, got {self.max_area!r}")


def check_threshold(threshold: float | None) -> None:
    """Raise a ValueError unless the threshold is None or between 0 and 1."""
    if threshold is not None and not (is_number(threshold) and 0 < threshold < 1):
        raise ValueError(f"threshold must lie between 0 and 1, got {threshold!r}")


def _check_share(name: str, value: float) -> None:
    if not (is_number(value) and 0 <= value <= 1):
        raise ValueError(f"{name} must lie from 0 to 1, got {value!r}")
