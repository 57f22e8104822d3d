"""How long somebody was at it, from the moments at which something was done. Needs no torch."""

import time
from collections.abc import Callable

__all__ = ["LONGEST_PAUSE", "UserClock"]

LONGEST_PAUSE = 10.0  # seconds; of a longer one nobody knows whether it was thinking or coffee


class UserClock:
    """Adds up the user's time; of a pause between two events no more than `longest_pause` counts.

    Args:
        clock: Seconds, from any zero.
        longest_pause: Seconds.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, longest_pause: float = LONGEST_PAUSE
    ) -> None:
        self._clock, self._longest = clock, longest_pause
        self._since: float | None = None
        self._spent = 0.0

    @property
    def seconds(self) -> float:
        """Spent so far, up to now."""
        if self._since is None:
            return self._spent
        return self._spent + min(self._longest, max(0.0, self._clock() - self._since))

    @property
    def runs(self) -> bool:
        """Whether the user is at it."""
        return self._since is not None

    def touch(self) -> None:
        """The user did something: time since the event before counts, and the clock runs."""
        self._spent, self._since = self.seconds, self._clock()

    def pause(self) -> None:
        """The machine is at it, or nobody."""
        self._spent, self._since = self.seconds, None

    def restart(self) -> None:
        """Begin again at zero, running."""
        self._spent, self._since = 0.0, self._clock()

    def clear(self) -> None:
        """Begin again at zero, at rest."""
        self._spent, self._since = 0.0, None
