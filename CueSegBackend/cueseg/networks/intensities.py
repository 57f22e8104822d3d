"""The intensity rules of network cards."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["apply_rule", "fixed_scale"]

_TINY = 1e-8  # nnU-Net's and MONAI's guard against division by zero


def apply_rule(image: NDArray[Any], rule: dict[str, Any]) -> NDArray[np.float32]:
    """Bring raw values to the scale a network was trained on.

    Args:
        image: (channels, *spatial), finite; statistics are taken for each channel by itself.
        rule: `NetworkCard.intensity`.

    Returns:
        float32 in the shape of the image; a new array.
    """
    rules = rule["rules"] if rule["kind"] == "per-channel" else [rule] * image.shape[0]
    result = np.empty(image.shape, np.float32)
    for channel, part, own in zip(result, image, rules, strict=True):
        channel[...] = _one_channel(part, own)
    return result


def fixed_scale(rule: dict[str, Any]) -> bool:
    """Whether the rule maps fixed raw values (as Hounsfield units are), so that the modality matters."""
    rules = rule["rules"] if rule["kind"] == "per-channel" else [rule]
    return any(one["kind"] in ("window", "clip-zscore") for one in rules)


def _one_channel(part: NDArray[Any], rule: dict[str, Any]) -> NDArray[np.float32]:
    values = part.astype(np.float32)
    kind = rule["kind"]
    if kind == "scale":
        return values / np.float32(rule["divisor"])
    if kind == "window":
        return _stretched(values, rule["low"], rule["high"], rule["out"])
    if kind == "percentiles":
        low, high = np.percentile(values, [rule["low"], rule["high"]])
        if low == high:  # mostly one value: the percentiles say nothing
            low, high = values.min(), values.max()
        return _stretched(values, float(low), float(high), rule["out"])
    if kind == "clip-zscore":
        return (values.clip(rule["low"], rule["high"]) - np.float32(rule["mean"])) / np.float32(
            max(rule["std"], _TINY)
        )
    if kind == "zscore":
        return _standardised(values, rule["nonzero"])
    return values


def _stretched(values: NDArray[np.float32], low: float, high: float, out: list[float]) -> NDArray[np.float32]:
    if low == high:
        return np.full_like(values, out[0])
    share = (values.clip(low, high) - np.float32(low)) / np.float32(high - low)
    return share * np.float32(out[1] - out[0]) + np.float32(out[0])


def _standardised(values: NDArray[np.float32], nonzero: bool) -> NDArray[np.float32]:
    inside = values != 0 if nonzero else np.ones(values.shape, bool)
    if not inside.any():
        return values
    chosen = values[inside].astype(np.float64)
    result = (values - np.float32(chosen.mean())) / np.float32(max(chosen.std(), _TINY))
    return np.where(inside, result, values)
