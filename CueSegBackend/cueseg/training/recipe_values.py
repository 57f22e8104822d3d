"""Reading recipes: TOML whose values have the types of the fields of a dataclass; anything else is an error."""

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["check", "kind_of", "read_as", "read_values"]

_Recipe = TypeVar("_Recipe")


def read_values(
    path: str | Path, recipe: type[Any], required: tuple[str, ...], overrides: dict[str, Any]
) -> dict[str, Any]:
    """The values of a recipe file by name, lists as tuples.

    Args:
        path: A TOML file.
        recipe: The dataclass that the values are for.
        required: Names that must be there.
        overrides: Replace single values.

    Raises:
        ValueError: Not TOML, an unknown or a missing key, or a value of the wrong type.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8")) | overrides
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not a recipe: {error}") from error
    known = {item.name: item for item in dataclasses.fields(recipe)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ValueError(f"{path}: unknown setting {unknown[0]!r}; known: {', '.join(known)}")
    missing = [key for key in required if key not in values]
    if missing:
        raise ValueError(f"{path}: the recipe lacks {missing[0]!r}")
    try:
        return {key: _typed(key, value, known[key].type) for key, value in values.items()}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_as(
    path: str | Path, recipe: type[_Recipe], required: tuple[str, ...], overrides: dict[str, Any]
) -> _Recipe:
    """A recipe file as the dataclass; arguments and errors are those of `read_values`.

    Raises:
        ValueError: Also a value that the dataclass does not allow.
    """
    values = read_values(path, recipe, required, overrides)
    try:
        return recipe(**values)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def kind_of(path: str | Path) -> str:
    """The `kind` that a recipe file says; "" where it says none, is not TOML or not there."""
    try:
        return str(tomllib.loads(Path(path).read_text(encoding="utf-8")).get("kind", ""))
    except (OSError, ValueError):  # the reader of the recipe says what is wrong with it
        return ""


def _typed(key: str, value: Any, kind: Any) -> Any:
    """A value of TOML as the type of its field; whole numbers are also fractions, lists become tuples."""
    kinds = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}
    if kind in kinds:
        right = isinstance(value, kinds[kind]) and (kind is bool or not isinstance(value, bool))
        finite = right and not (kind is float and not math.isfinite(value))
        check(finite, key, value, f"of type {kind.__name__}")
        return value
    of_dict = str(kind).startswith("dict")
    check(
        isinstance(value, dict if of_dict else list | tuple), key, value, "a table" if of_dict else "a list"
    )
    return value if of_dict else tuple(value)


def check(right: bool, key: str, value: Any, allowed: str) -> None:
    """Raise ValueError with the name, the value and what is allowed, unless it is right."""
    if not right:
        raise ValueError(f"{key} must be {allowed}, got {value!r}")
