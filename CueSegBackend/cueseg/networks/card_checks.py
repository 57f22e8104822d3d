"""Checks of a network card's values. Needs no torch."""

import json
import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from cueseg.networks.card import NetworkCard

__all__ = ["INTENSITY_KINDS", "check_card"]

INTENSITY_KINDS: dict[str, tuple[str, ...]] = {
    "none": (),
    "window": ("low", "high", "out"),
    "zscore": ("nonzero",),
    "percentiles": ("low", "high", "out"),
    "scale": ("divisor",),
    "clip-zscore": ("low", "high", "mean", "std"),
    "per-channel": ("rules",),
}
"""Kind of intensity rule -> its settings."""

_DEFAULTS = {"out": [0, 1], "nonzero": False, "divisor": 255}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_SIDE = 4096


def check_card(card: "NetworkCard") -> dict[str, Any]:
    """Check all values of a card.

    Returns:
        The dicts as JSON gives them back (tuples as lists), with the settings of intensity rules filled in.

    Raises:
        ValueError: naming the field, its value and what is allowed.
    """
    _check_texts(card)
    _check_output(card)
    _check_grid(card)
    dicts = {
        name: _json_dict(name, getattr(card, name))
        for name in ("model_options", "intensity", "training", "metrics")
    }
    dicts["intensity"] = _checked_rule("intensity", dicts["intensity"], card.in_channels)
    return dicts


def _refuse(name: str, value: object, allowed: str) -> NoReturn:
    raise ValueError(f"card field {name} is {value!r}: it must be {allowed}")


def _check_texts(card: "NetworkCard") -> None:
    for name in (
        "name",
        "activation",
        "axis_order",
        "flip",
        "architecture",
        "file",
        "sha256",
        "licence",
        "description",
    ):
        if not isinstance(getattr(card, name), str):
            _refuse(name, getattr(card, name), "a text")
    if not _NAME.fullmatch(card.name):
        _refuse("name", card.name, "letters, digits and ._+-, beginning with a letter or digit")
    if card.file and not _NAME.fullmatch(card.file):
        _refuse("file", card.file, "the name of the weights file beside the card, without a folder")
    if card.sha256 and not _SHA256.fullmatch(card.sha256):
        _refuse("sha256", card.sha256, "64 hexadecimal digits in lower case")


def _check_output(card: "NetworkCard") -> None:
    if card.activation not in ("softmax", "sigmoid"):
        _refuse("activation", card.activation, "softmax or sigmoid")
    if type(card.exclusive) is not bool:
        _refuse("exclusive", card.exclusive, "true or false")
    if not card.exclusive and card.activation == "softmax":
        _refuse("exclusive", card.exclusive, "true with softmax: its classes never overlap")
    names = card.classes
    if not isinstance(names, tuple) or not all(isinstance(name, str) and name.strip() for name in names):
        _refuse("classes", names, "a list of names, the background first")
    if len(names) < 2 or len(set(names)) < len(names):
        _refuse("classes", list(names), "two or more different names, the background first")
    if not isinstance(card.tail, tuple) or not all(isinstance(name, str) and name for name in card.tail):
        _refuse("tail", card.tail, "a list of names of layers; empty for the general default")


def _check_grid(card: "NetworkCard") -> None:
    if type(card.dims) is not int or card.dims not in (2, 3):
        _refuse("dims", card.dims, "2 or 3")
    for name in ("in_channels", "multiple"):
        if type(getattr(card, name)) is not int or not 1 <= getattr(card, name) <= _MAX_SIDE:
            _refuse(name, getattr(card, name), f"a whole number from 1 to {_MAX_SIDE}")
    if not (_is_number(card.overlap) and 0 <= card.overlap < 1):
        _refuse("overlap", card.overlap, "from 0 to below 1")
    orders = ("zyx", "yx") if card.dims == 2 else ("zyx",)
    if sorted(card.axis_order) not in [sorted(order) for order in orders]:
        _refuse("axis_order", card.axis_order, f"the letters of {' or of '.join(orders)} in some order")
    if len(set(card.flip)) < len(card.flip) or not set(card.flip) <= set(card.axis_order):
        _refuse("flip", card.flip, f"some of the letters {card.axis_order}, each once; empty for none")
    spacing, patch = card.spacing, card.patch_size
    if spacing is not None and not (
        _is_tuple(spacing, card.dims) and all(_is_number(mm) and mm > 0 for mm in spacing)
    ):
        _refuse("spacing", spacing, f"{card.dims} positive numbers in mm, or null")
    if patch is None:
        return
    if not (_is_tuple(patch, card.dims) and all(type(n) is int and 1 <= n <= _MAX_SIDE for n in patch)):
        _refuse("patch_size", patch, f"{card.dims} whole numbers of voxels up to {_MAX_SIDE}, or null")
    if any(side % card.multiple for side in patch):
        _refuse("patch_size", patch, f"multiples of {card.multiple}, the card's field multiple")


def _is_tuple(value: object, length: int) -> bool:
    return isinstance(value, tuple) and len(value) == length


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _json_dict(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(name, value, "an object of named values")
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"card field {name} is {value!r}: {error}; use what JSON can hold") from error


def _checked_rule(name: str, rule: object, channels: int) -> dict[str, Any]:
    if not isinstance(rule, dict) or rule.get("kind") not in INTENSITY_KINDS:
        _refuse(name, rule, f'{{"kind": one of {", ".join(INTENSITY_KINDS)}}} with its settings')
    settings = INTENSITY_KINDS[rule["kind"]]
    filled = {**{key: _DEFAULTS[key] for key in settings if key in _DEFAULTS}, **rule}
    if sorted(filled) != sorted(("kind", *settings)):
        _refuse(name, rule, f"kind {rule['kind']!r} with {' and '.join(settings) or 'no other setting'}")
    if rule["kind"] == "per-channel":
        rules = filled["rules"]
        if not isinstance(rules, list) or len(rules) != channels:
            _refuse(f"{name}.rules", rules, f"a list of {channels} plain rules, one for each channel")
        if any(isinstance(item, dict) and item.get("kind") == "per-channel" for item in rules):
            _refuse(f"{name}.rules", rules, "plain rules, not per-channel ones again")
        checked = [_checked_rule(f"{name}.rules[{i}]", item, 1) for i, item in enumerate(rules)]
        return {"kind": "per-channel", "rules": checked}
    _check_settings(name, filled)
    return filled


def _check_settings(name: str, rule: dict[str, Any]) -> None:
    numbers = [key for key in ("low", "high", "mean", "std", "divisor") if key in rule]
    for key in numbers:
        if not _is_number(rule[key]):
            _refuse(f"{name}.{key}", rule[key], "a number")
    for key in ("std", "divisor"):
        if rule.get(key, 1) <= 0:
            _refuse(f"{name}.{key}", rule[key], "above 0")
    if type(rule.get("nonzero", False)) is not bool:
        _refuse(f"{name}.nonzero", rule["nonzero"], "true or false")
    pairs = {key: rule[key] for key in ("out",) if key in rule}
    if "low" in rule:
        pairs["low and high"] = [rule["low"], rule["high"]]
    for key, pair in pairs.items():
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))):
            _refuse(f"{name}.{key}", pair, "[low, high]")
        if any(low >= high for low, high in pairwise(pair)):
            _refuse(f"{name}.{key}", pair, "[low, high] with low < high")
    if rule["kind"] == "percentiles" and not 0 <= rule["low"] < rule["high"] <= 100:
        _refuse(f"{name}.low and high", [rule["low"], rule["high"]], "percentiles from 0 to 100")
