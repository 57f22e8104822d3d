"""What a training says about itself: JSON lines, event files for TensorBoard, and a line of progress."""

import json
import logging
import time
from pathlib import Path
from typing import Any

from cueseg.whole_files import write_whole

__all__ = ["Journal"]

_log = logging.getLogger(__name__)


class Journal:
    """The log of a run in its folder: `log.jsonl`, and event files in `events` if TensorBoard is installed.

    Args:
        folder: Of the run.
        step: That the run goes on from. Lines of later steps are of a run that was killed; they are dropped, as the
            same steps come again.
        steps: Of the whole run.
        tensorboard: Whether event files are wanted.
        writes: False for ranks that keep silent.
    """

    def __init__(self, folder: Path, step: int, steps: int, tensorboard: bool, writes: bool) -> None:
        self.path, self.writes, self.steps = folder / "log.jsonl", writes, steps
        self._first, self._began = step, time.monotonic()
        self._losses: list[float] = []
        self._events = _event_writer(folder / "events", step) if writes and tensorboard else None
        if writes:
            self._forget_after(step)

    def count(self, loss: float) -> None:
        """Remember the loss of a step."""
        self._losses.append(loss)

    def report(self, step: int, rate: float) -> None:
        """Write the mean loss since the last report, and say how long the rest will take."""
        losses, self._losses = self._losses, []
        if not self.writes:
            return
        seconds = (time.monotonic() - self._began) / max(1, step - self._first)
        loss = sum(losses) / len(losses)
        self.write({"step": step, "loss": float(f"{loss:.6g}"), "rate": float(f"{rate:.4g}")})
        left = _duration(seconds * (self.steps - step))
        share = 100 * step // self.steps
        _log.info("step %d (%d %%) loss %.4g, %.2f s/step, %s left", step, share, loss, seconds, left)

    def write(self, row: dict[str, Any]) -> None:
        """One line with at least the entry "step"; its numbers also become curves."""
        if not self.writes:
            return
        with self.path.open("a") as log:
            log.write(json.dumps(row) + "\n")
        if self._events is not None:
            for name, value in _numbers(row):
                if name != "step":
                    self._events.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Bring the events to disk."""
        if self._events is not None:
            self._events.close()

    def _forget_after(self, step: int) -> None:
        if self.path.exists():
            rows = [
                line for line in self.path.read_text(encoding="utf-8").splitlines() if _step_of(line) <= step
            ]
            write_whole(self.path, "".join(f"{row}\n" for row in rows).encode())


def _step_of(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except ValueError:  # the line at which the run was killed
        return float("inf")


def _event_writer(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        _log.info("no event files: TensorBoard is not installed (python -m pip install tensorboard)")
        return None
    return SummaryWriter(str(folder), purge_step=step + 1)


def _numbers(values: dict[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """(name, number) of all numbers, those in tables as "table/name"."""
    found = []
    for name, value in values.items():
        if isinstance(value, dict):
            found += _numbers(value, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            found.append((f"{prefix}{name}", float(value)))
    return found


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
