"""What a running refinement tells its caller, and how the caller stops it. Needs no torch."""

import enum
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["Decision", "Monitor", "RefinementCancelled", "RefinementProgress", "Reporter"]

_log = logging.getLogger(__name__)


class Decision(enum.Enum):
    """Answer of a monitor."""

    CONTINUE = "continue"
    STOP = "stop"
    """Keep the best weights so far and finish the prediction with them."""
    CANCEL = "cancel"
    """Give up: `RefinementCancelled` is raised and nothing changes."""


class RefinementCancelled(Exception):  # noqa: N818 -- a decision of the user, not an error
    """The monitor answered `Decision.CANCEL`."""


@dataclass(frozen=True, kw_only=True)
class RefinementProgress:
    """State of a refinement between two steps.

    Attributes:
        stage: "features" (frozen part of the network), "optimise" or "predict".
        done: windows or iterations done of this stage.
        total: windows of this stage, or most iterations.
        violations: class -> user pixels with a wrong label at the last iteration.
        loss: of the last iteration; None before the first.
        seconds: since the call began.
    """

    stage: str
    done: int
    total: int
    violations: Mapping[int, int] = field(default_factory=dict)
    loss: float | None = None
    seconds: float = 0.0


Monitor = Callable[[RefinementProgress], Decision | None]
"""Called between windows and between iterations, on the thread that computes; None means CONTINUE."""


class Reporter:
    """Hands progress to the monitor, remembers STOP, raises on CANCEL, and keeps the time of every stage.

    Args:
        monitor: None reports to nobody.
    """

    def __init__(self, monitor: Monitor | None) -> None:
        self._monitor = monitor
        self._began = self._stage_began = time.perf_counter()
        self._violations: Mapping[int, int] = {}
        self._loss: float | None = None
        self.stopped = False
        self.seconds: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._began

    def finish(self, stage: str) -> None:
        """Count the time since the last `finish` to a stage."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._stage_began
        self._stage_began = now

    def iteration(self, done: int, total: int, violations: Mapping[int, int], loss: float) -> None:
        """Report an iteration of the optimisation."""
        self._violations, self._loss = dict(violations), loss
        self.report("optimise", done, total)

    def report(self, stage: str, done: int, total: int) -> None:
        """Report and take the answer.

        Raises:
            RefinementCancelled: the monitor answered CANCEL.
            ValueError: it answered something that is no decision.
        """
        if self._monitor is None:
            return
        answer = self._monitor(
            RefinementProgress(
                stage=stage,
                done=done,
                total=total,
                violations=self._violations,
                loss=self._loss,
                seconds=self.elapsed,
            )
        )
        if answer is None or answer is Decision.CONTINUE:
            return
        if answer is Decision.CANCEL:
            _log.info("refinement cancelled in stage %s after %d of %d", stage, done, total)
            raise RefinementCancelled(
                f"cancelled in stage {stage} after {done} of {total}; nothing was changed"
            )
        if answer is not Decision.STOP:
            raise ValueError(f"the monitor answered {answer!r}: answer a Decision, or None to continue")
        self.stopped = True
