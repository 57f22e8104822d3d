"""Options of the confidence map, with its two presets: checked alike for the numpy and the torch drawing."""

import difflib
import operator
from dataclasses import dataclass
from numbers import Real
from typing import Any

MAX_TAU = 1e3
_CHOICES = {"norm": ("l2", "l1"), "sigma": ("split", "mean"), "scale": ("unit", "minmax255")}


@dataclass(frozen=True)
class MapOptions:
    """Which confidence map is drawn.

    Attributes:
        tau: factor of d1 d2, in (0, 1000].
        norm: d2 is the root of the sum of squares ("l2") or the sum ("l1").
        sigma: each half of a segment has its own length as scale ("split") or both have their mean ("mean").
        scale: values in (0, 1] ("unit") or stretched so that the map's least is 0 and its largest 255
            ("minmax255").
    """

    tau: float
    norm: str
    sigma: str
    scale: str


# "paper" is the printed definition of Khan & Shahin 2019, "code" what the authors' released program draws.
PRESETS = {
    "paper": MapOptions(tau=1.0, norm="l2", sigma="split", scale="unit"),
    "code": MapOptions(tau=7.0, norm="l1", sigma="mean", scale="minmax255"),
}


def resolve_options(
    preset: str = "paper",
    *,
    tau: float | None = None,
    norm: str | None = None,
    sigma: str | None = None,
    scale: str | None = None,
) -> MapOptions:
    """Look up a preset and replace the options that are not None.

    Raises:
        ValueError: an unknown preset or option value (the message suggests the nearest one), or a tau that is
            not a number in (0, 1000].
    """
    base = PRESETS[_known("preset", preset, tuple(PRESETS))]
    tau = base.tau if tau is None else tau
    if not (is_number(tau) and 0 < tau <= MAX_TAU):
        raise ValueError(f"tau must be a number above 0 and up to {MAX_TAU:g}, not {tau!r}")
    texts = {"norm": norm, "sigma": sigma, "scale": scale}
    chosen = {
        name: getattr(base, name) if value is None else _known(name, value, _CHOICES[name])
        for name, value in texts.items()
    }
    return MapOptions(tau=float(tau), **chosen)


def _known(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is allowed, else raise a ValueError that suggests the nearest allowed value."""
    if isinstance(value, str) and value in allowed:
        return value
    close = difflib.get_close_matches(str(value).lower(), allowed, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}{hint}")


def is_number(value: Any) -> bool:
    """Whether `value` is a real number (Python's or numpy's), not a truth value."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_shape(shape: Any) -> tuple[int, int]:
    """Return (H, W) as two ints, or raise a ValueError if they are not two whole numbers above 0."""
    try:
        height, width = map(operator.index, shape)
    except (TypeError, ValueError) as error:
        raise ValueError(_shape_message(shape)) from error
    if height < 1 or width < 1:
        raise ValueError(_shape_message(shape))
    return height, width


def _shape_message(shape: Any) -> str:
    return f"shape must be (rows, columns), two whole numbers above 0, not {shape!r}"
