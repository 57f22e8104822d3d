"""Memory and time on a CT of 512 x 512 x 800 voxels, and how long a cancel takes.

    python CueSegBackend/benchmarks/memory.py --markdown docs/benchmarks.md --json memory.json

The volume is made up (`cueseg.phantom`), int16. Every task runs in a process of its own, which reads the volume, does
the task once, and says its peak resident memory (`resource.getrusage`), less what the volume itself takes. Then it
begins the task again and cancels it after a share of the time that it took.
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from common import metadata, parser_of, tell
from memory_tasks import SHAPE, TASKS, prepare

LIMIT = 4.0  # GB beside the volume
CANCEL_AT = 0.4  # of the time


def peak() -> float:
    """Most resident memory of this process so far, bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


class Stopwatch:
    """Answers True from a moment on, and keeps the longest time between two questions, loading left out."""

    def __init__(self, cancel_after: float | None = None) -> None:
        self.began = time.perf_counter()
        self.due = None if cancel_after is None else self.began + cancel_after
        self.longest = 0.0
        self._last: float | None = None

    def __call__(self) -> bool:
        """Whether it is time to give up."""
        now = time.perf_counter()
        if self._last is not None:
            self.longest = max(self.longest, now - self._last)
        self._last = now
        return self.due is not None and now >= self.due

    def end(self) -> float:
        """Seconds since the beginning; what came after the last question counts as a step."""
        now = time.perf_counter()
        if self._last is not None:
            self.longest = max(self.longest, now - self._last)
        return now - self.began


def run_task(name: str, folder: Path) -> dict[str, float]:
    """Do one task in this process; see the module."""
    volume = np.load(folder / "volume.npy")
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    _, work = TASKS[name]
    watch = Stopwatch()
    work(volume, plan, watch)
    seconds = watch.end()
    found = {"extra": peak() - volume.nbytes, "seconds": seconds, "longest": watch.longest}
    return found | {"cancel": cancel_time(work, volume, plan, CANCEL_AT * seconds)}


def cancel_time(work: Callable[..., None], volume: np.ndarray, plan: dict[str, Any], after: float) -> float:
    """Seconds from the wish to cancel to the end."""
    from cueseg.refinement import RefinementCancelled
    from cueseg.seven_points import SevenPointsCancelled

    watch = Stopwatch(after)
    with contextlib.suppress(RefinementCancelled, SevenPointsCancelled):
        work(volume, plan, watch)
    return max(0.0, time.perf_counter() - watch.due)


def table(rows: dict[str, dict[str, float]], start: float) -> str:
    """Markdown: what each task needs."""
    lines = [
        "| task | extra memory, GB | seconds | longest step, s | a cancel took, s |",
        "|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        steps = (f"{row[key]:.1f}" if row["longest"] else "one step" for key in ("longest", "cancel"))
        cells = (TASKS[name][0], f"{row['extra'] / 1e9:.2f}", f"{row['seconds']:.1f}", *steps)
        lines.append(f"| {' | '.join(cells)} |")
    most = max(row["extra"] for row in rows.values()) / 1e9
    verdict = "kept" if most <= LIMIT else "exceeded"
    about = metadata()
    lines += [
        "",
        f"Most: {most:.2f} GB beside the volume of {np.prod(SHAPE) * 2 / 1e9:.2f} GB, of which Python with its "
        f"libraries takes {start / 1e9:.2f}; the limit of {LIMIT:g} GB is {verdict}. n = 1 run of each task; "
        f"{about['processor']}, {about['cores']} cores, load {about['load']}, OMP_NUM_THREADS="
        f"{about['threads']['OMP_NUM_THREADS']}.",
    ]
    return "\n".join(lines)


def child(*arguments: str) -> Any:
    """What this script says in another process."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments], check=True, capture_output=True, encoding="utf-8"
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(tasks: list[str]) -> tuple[dict[str, dict[str, float]], float]:
    """Rows of the tasks, and the memory of a process with all libraries and no volume."""
    with tempfile.TemporaryDirectory(prefix="cueseg-memory-") as name:
        # Not here: a process begins with the peak of the one that it was forked from.
        child("--prepare", "--folder", name)
        rows = {}
        for task in tasks:
            rows[task] = child("--task", task, "--folder", name)
            print(task, rows[task], flush=True)
        return rows, child("--start")


def main() -> None:
    """Measure, print, write where asked."""
    parser = parser_of(__doc__, page=True)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--merge", action="store_true", help="keep rows of --json that are not measured now")
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--start", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.start:
        import cueseg.predictor
        import cueseg.refinement.session  # noqa: F401 (their memory is what is asked for)

        print(json.dumps(peak()))
    elif options.prepare:
        prepare(options.folder)
        print(json.dumps(None))
    elif options.task:
        print(json.dumps(run_task(options.task, options.folder)))
    else:
        earlier = json.loads(options.json.read_text(encoding="utf-8"))["rows"] if options.merge else {}
        rows, start = measure(options.tasks)
        rows = {name: (earlier | rows)[name] for name in TASKS if name in earlier | rows}
        tell(table(rows, start), "memory.py", options, start=start, rows=rows)


if __name__ == "__main__":
    main()
