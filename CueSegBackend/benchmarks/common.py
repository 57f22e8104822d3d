"""What the benchmarks share: repeated timing side by side, its summary, and a description of the machine."""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import cueseg
from cueseg.whole_files import write_whole

_Part = Callable[[argparse.Namespace], object]


def time_side_by_side(
    candidates: dict[str, Callable[[], object]], turns: int, calls: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Time candidates that take turns, so that a disturbance of the machine meets them alike.

    Args:
        candidates: name -> call without arguments.
        turns: turns of each candidate; one more comes first as warm-up and is not kept.
        calls: calls of each turn that are timed as warm, after its first.

    Returns:
        Seconds of the warm calls, and of the first call of every turn, which finds caches and memory as the
        other candidates left them.
    """
    warm: dict[str, list[float]] = {name: [] for name in candidates}
    first: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(turns + 1):
        for name, call in candidates.items():
            seconds = [_seconds_of(call) for _ in range(calls + 1)]
            if turn > 0:
                first[name].append(seconds[0])
                warm[name].extend(seconds[1:])
    return warm, first


def _seconds_of(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def statistics(seconds: Sequence[float]) -> dict[str, float]:
    """Median, interquartile range and least of the timings, seconds, and their number."""
    low, median, high = np.percentile(seconds, [25, 50, 75])
    return {
        "median": float(median),
        "iqr": float(high - low),
        "min": float(min(seconds)),
        "repeats": len(seconds),
    }


def summary(seconds: Sequence[float]) -> str:
    """Say the statistics in one line, in milliseconds."""
    values = statistics(seconds)
    return (
        f"median {1e3 * values['median']:8.2f} ms, IQR {1e3 * values['iqr']:7.2f}, "
        f"min {1e3 * values['min']:8.2f} (n = {values['repeats']})"
    )


def metadata() -> dict[str, Any]:
    """Machine, versions, threads and commit, for the head of a results file."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "threads": {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "cueseg": cueseg.__version__,
        "commit": _commit(),
    }


def _processor() -> str:
    names = Path("/proc/cpuinfo")
    if names.exists():
        for line in names.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def parser_of(description: str, *what: str, page: bool = False) -> argparse.ArgumentParser:
    """A parser of a script's arguments, with --json.

    Args:
        description: The script's docstring.
        what: What the script does, one of which is its first argument.
        page: Whether its tables stand in a page, --markdown.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if what:
        parser.add_argument("what", choices=what)
    parser.add_argument("--json", type=Path, help="where the figures go")
    if page:
        parser.add_argument("--markdown", type=Path, help="page with the marks between which the report goes")
    return parser


def run_or_tell(options: argparse.Namespace, measure: _Part, report: _Part) -> None:
    """Measure or report, as `options.what` says, on `options.threads`; what is wrong with the input ends it."""
    import torch  # here, so that scripts without it measure their own memory and start

    torch.set_num_threads(options.threads)
    try:
        (measure if options.what == "measure" else report)(options)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error


def fill_page(page: Path, script: str, text: str) -> None:
    """Put the figures of a script between its two marks on a page, in place of what is there.

    Raises:
        ValueError: The page lacks a mark.
    """
    start, stop = f"<!-- figures of {script} -->", "<!-- end of figures -->"
    before, begin, rest = page.read_text(encoding="utf-8").partition(start)
    _, end, after = rest.partition(stop)
    if not begin or not end:
        raise ValueError(f"{page} lacks the lines {start} and {stop}: put them where the tables belong")
    write_whole(page, f"{before}{start}\n\n{text}\n\n{stop}{after}".encode())


def tell(text: str, script: str, options: argparse.Namespace, **results: Any) -> None:
    """Print the figures of a script; put them on the page `options.markdown` and `results` in `options.json`, if asked.

    Raises:
        ValueError: As `fill_page`.
    """
    print(text)
    if options.markdown:
        fill_page(options.markdown, script, text)
    if options.json:
        values = {"metadata": metadata(), **results}
        options.json.write_text(json.dumps(values, indent=1), encoding="utf-8")


def kept_scores(file: Path, about: dict[str, Any], measure: Callable[[], Any]) -> Any:
    """What was measured of the same before and kept in a JSON file, or what `measure` finds now, which is kept."""
    if file.exists():
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept.get("about") == about:
            return kept["scores"]
    scores = measure()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps({"about": about, "scores": scores}).encode())
    return scores


def sha256_of(file: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def setting(key: str, value: Any) -> str:
    """A value of a recipe for `--set` of the train command: JSON is TOML but for the colons of its objects."""
    return f"{key}={json.dumps(value, separators=(', ', ' = '))}"
