"""PySide6's own attribute access, as it was before `standin.pythonqt` replaced it."""

from collections.abc import Callable
from functools import cache
from typing import Any

# Each class needs its own: some find static overloads there, and crash without it.
READ_BY_CLASS: dict[type, Callable[[Any, str], Any]] = {}


@cache
def _of(cls: type) -> Callable[[Any, str], Any]:
    return next(READ_BY_CLASS[base] for base in cls.__mro__ if base in READ_BY_CLASS)


def read(obj: Any, name: str) -> Any:
    """What `obj.name` is without PythonQt's semantics."""
    return _of(type(obj))(obj, name)
