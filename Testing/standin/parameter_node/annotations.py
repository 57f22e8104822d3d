"""What may stand in `Annotated[type, ...]` of a parameter: defaults, validators, hints for widgets."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Default:
    """First value of a parameter, or a function that makes it."""

    def __init__(self, value: Any = None, *, generator: Callable[[], Any] | None = None) -> None:
        self._value, self._generator = value, generator

    @property
    def value(self) -> Any:
        return self._generator() if self._generator else self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Default) and vars(other) == vars(self)

    __hash__ = None


class Validator(ABC):
    """Base class, also of a module's own validators."""

    @abstractmethod
    def validate(self, value: Any) -> None:
        """Raise ValueError if the value is not allowed."""


class WithinRange(Validator):
    """Both ends are allowed."""

    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"value must be within [{self.minimum}, {self.maximum}], is {value}")


class Minimum(Validator):
    """The minimum itself is allowed."""

    def __init__(self, minimum: float) -> None:
        self.minimum = minimum

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            raise ValueError(f"value must be at least {self.minimum}, is {value}")


class Maximum(Validator):
    """The maximum itself is allowed."""

    def __init__(self, maximum: float) -> None:
        self.maximum = maximum

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            raise ValueError(f"value must be at most {self.maximum}, is {value}")


class Choice(Validator):
    """One of a few values."""

    def __init__(self, choices: list) -> None:
        self.choices = choices

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"value must be one of {self.choices}, is {value!r}")


class Exclude(Validator):
    """Anything but a few values."""

    def __init__(self, excludedValues: list) -> None:
        self.excludedValues = excludedValues

    def validate(self, value: Any) -> None:
        if value in self.excludedValues:
            raise ValueError(f"value must be none of {self.excludedValues}, is {value!r}")


@dataclass
class Decimals:
    """Digits after the point that the widget shows."""

    value: int


@dataclass
class SingleStep:
    """Step of the widget."""

    value: float


def split_annotated(annotation: Any) -> tuple[Any, list[Any]]:
    """The type itself and what `Annotated` adds to it."""
    if typing.get_origin(annotation) is typing.Annotated:
        plain, *notes = typing.get_args(annotation)
        return plain, notes
    return annotation, []


def first(notes: list[Any], kind: type) -> Any:
    """The first note of a class, or None."""
    return next((note for note in notes if isinstance(note, kind)), None)
