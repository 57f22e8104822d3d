"""Scores as a table, a CSV file and a JSON file."""

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cueseg.evaluation.scores import Score
from cueseg.whole_files import write_whole

__all__ = ["table", "write_csv", "write_json"]

_HEAD = ("CLASS", "SLICES", "DICE PER SLICE", "CASES", "DICE PER CASE", "HD95 MM", "ASSD MM", "MISSED")


def table(classes: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    """Rows of a table of what `summary` gives: mean ± standard deviation, the head first."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for name, found in classes.items():
        per_slice, per_case = found["slice"], found["case"]
        rows.append(
            (
                name,
                _count(per_slice["dice"]),
                _words(per_slice["dice"], 3),
                _count(per_case["dice"]),
                _words(per_case["dice"], 3),
                _words(per_case["hd95"], 2),
                _words(per_case["assd"], 2),
                str(found["missed"]),
            )
        )
    return rows


def _words(value: dict[str, float] | None, digits: int) -> str:
    return "-" if value is None else f"{value['mean']:.{digits}f} ± {value['sd']:.{digits}f}"


def _count(value: dict[str, float] | None) -> str:
    return "0" if value is None else str(value["n"])


def write_csv(path: Path, scores: Iterable[Score]) -> None:
    """Write one line per score, whole or not at all; infinite distances are "inf", missing values empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(Score)])
    writer.writeheader()
    writer.writerows(asdict(score) for score in scores)
    write_whole(path, text.getvalue().encode())


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write values whole or not at all; infinite ones become null, as JSON has none."""
    text = json.dumps(_finite(values), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
