"""Work that memory did not suffice for is tried again with less, then on the CPU."""

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from cueseg.device import is_out_of_memory
from cueseg.refinement.engine import Engine

__all__ = ["within_memory"]

_log = logging.getLogger(__name__)
T = TypeVar("T")


class OnDevice(Protocol):
    """A session: what it computes on, and why, in words."""

    device: str
    device_note: str


def within_memory(session: OnDevice, engine: Engine, work: Callable[[], T]) -> T:
    """The result of `work`, which can begin anew; the session says what was given up for it.

    Raises:
        RuntimeError: the memory of the CPU did not suffice, with the remedy; or what `work` raised.
    """
    while True:
        try:
            return work()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if engine.device == "cpu":
                engine.forget()
                raise RuntimeError(
                    f"the memory of {engine.device} did not suffice; nothing was changed. Refine fewer layers, "
                    "lower cache_megabytes, give the network's card a smaller patch_size, or use a smaller image"
                ) from error
        # Only here, after the error and with it all that its frames hold, is the memory free.
        note = engine.give_way()
        _log.warning("%s: %s", session.device, note)
        moved = engine.device != session.device
        session.device = engine.device
        session.device_note = note if moved else f"{session.device_note}; {note}"
