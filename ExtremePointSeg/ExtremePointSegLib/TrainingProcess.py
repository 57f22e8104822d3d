"""`python -m cueseg train` as a process of its own, and what its log says. Neither Qt nor MRML."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE = 3.0  # seconds for an end by request; after that it is killed


def trainCommand(recipe: Path, *more: str) -> list[str]:
    """The command line for a recipe that lies in the folder of the runs."""
    # In Slicer, sys.executable may be the application itself.
    python = shutil.which("PythonSlicer") or sys.executable
    return [python, "-m", "cueseg", "train", str(recipe), "--output", str(recipe.parent), *more]


class BackgroundProcess:
    """A command in the background; it ends with this Python at the latest."""

    def __init__(self, command: list[str], log: Path) -> None:
        """Start it; what it says is added to the file `log`.

        :raises OSError: it cannot be started, or the log not be written.
        """
        import cueseg

        folders = [str(Path(cueseg.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log, self.wasStopped = log, False
        self._start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        atexit.register(self.stop, wait=True)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def exitCode(self) -> int | None:
        """None while it runs; below 0, the signal that ended it."""
        code = self._process.poll()
        if code is not None:
            atexit.unregister(self.stop)
        return code

    def stop(self, wait: bool = False) -> None:
        """Ask it to end; with `wait`, see to it that it does."""
        if self._process.poll() is not None:
            return
        self.wasStopped = True
        self._process.terminate()
        if wait:
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def lastLines(self, count: int = 4) -> str:
        """The end of what this process said."""
        with self.log.open("rb") as file:
            file.seek(self._start)
            text = file.read().decode(errors="replace")
        return "\n".join([line for line in text.splitlines() if line.strip()][-count:])


class TrainingLog:
    """The curves of a run so far, and how long the rest will take."""

    def __init__(self, path: Path, steps: int) -> None:
        self.losses: list[tuple[float, float]] = []
        self.scores: list[tuple[float, float]] = []
        self._path, self._steps = path, steps
        self._seen: tuple[int, int] | None = None
        self._first: tuple[int, float] | None = None  # step and time of the first line of this process
        self._last: tuple[int, float] | None = None
        self.read()
        self._first = self._last = None  # what is there already took no time now

    @property
    def step(self) -> int:
        """The last one of which the log tells."""
        return int(self.losses[-1][0]) if self.losses else 0

    @property
    def secondsLeft(self) -> float | None:
        """None until two reports came."""
        if self._first is None or self._last is None or self._last[0] <= self._first[0]:
            return None
        perStep = (self._last[1] - self._first[1]) / (self._last[0] - self._first[0])
        return perStep * max(0, self._steps - self._last[0])

    def read(self) -> bool:
        """Look again; whether anything is new. A line that is still being written is left for the next time."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        if self._seen == (status.st_size, status.st_mtime_ns):
            return False
        self._seen = (status.st_size, status.st_mtime_ns)
        before, self.losses, self.scores = self.step, [], []
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            for key, curve in (("loss", self.losses), ("val", self.scores)):
                if key in row:
                    curve.append((row["step"], row[key]))
        if self.step != before:
            self._last = (self.step, time.monotonic())
            self._first = self._first or self._last
        return True
