"""Exceptions that Qt and VTK swallow: collected here, so that a test can fail on them.

An exception in a Qt slot, in a virtual method called by Qt, or in a VTK observer ends at the C++ boundary: the
interpreter passes it to `sys.excepthook` and goes on. `install` puts a hook there that keeps it.
"""

import functools
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SLOT_ERRORS: list[BaseException] = []


def install() -> None:
    """Collect what reaches `sys.excepthook`; the previous hook still prints it. Calling it twice is once."""
    previous = sys.excepthook
    if getattr(previous, "collects_slot_errors", False):
        return

    def collect(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        SLOT_ERRORS.append(error)
        previous(kind, error, trace)

    collect.collects_slot_errors = True
    sys.excepthook = collect


def guard(function: Callable) -> Callable:
    """`function`, with an exception collected instead of raised: what Qt and VTK do to a callback."""

    @functools.wraps(function, updated=())
    def guarded(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except Exception:  # noqa: BLE001 (the C++ boundary: nothing may pass it, and the hook keeps it)
            sys.excepthook(*sys.exc_info())
            return None

    return guarded


def take() -> list[BaseException]:
    """The collected exceptions, oldest first; afterwards there are none."""
    taken = SLOT_ERRORS[:]
    SLOT_ERRORS.clear()
    return taken


def raise_collected() -> None:
    """AssertionError with every collected traceback, if there are any; they are cleared."""
    taken = take()
    if taken:
        text = "\n".join("".join(traceback.format_exception(error)) for error in taken)
        raise AssertionError(f"{len(taken)} exception(s) in slots or observers:\n{text}") from taken[0]


@contextmanager
def none_allowed() -> Iterator[None]:
    """Forget earlier exceptions, and raise at the end if the block caused one."""
    SLOT_ERRORS.clear()
    yield
    raise_collected()


@contextmanager
def expected(kind: type[BaseException]) -> Iterator[None]:
    """For tests of the stand-in: exactly one exception, of this kind, is swallowed in the block."""
    raise_collected()
    yield
    taken = take()
    if [type(error) for error in taken] != [kind]:
        raise AssertionError(f"expected one swallowed {kind.__name__}, got {taken!r}")
