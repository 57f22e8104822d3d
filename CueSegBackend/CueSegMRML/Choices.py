"""Choices of a panel, with the text that its combo box shows."""

from __future__ import annotations

from enum import Enum
from typing import Any


class Choice(Enum):
    """Base of enumerations whose members are written as a value and a text: `AXIAL = "axial", "From below"`."""

    def __new__(cls, value: Any, text: str) -> Choice:
        """Keep the text beside the value, which alone identifies the member."""
        member = object.__new__(cls)
        member._value_, member._text = value, text
        return member

    def label(self) -> str:
        """Text in the combo box; Slicer's parameter nodes ask for it under this name."""
        return self._text
