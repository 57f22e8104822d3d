"""Label the cases of a share one after another: what is done is skipped, what fails is reported, and it can go on."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cueseg
from cueseg.datasets.provenance import origins_to_json
from cueseg.image_files import read_image, write_segmentation
from cueseg.labelling.cohort import CohortCase
from cueseg.labelling.labellers import Labeller
from cueseg.whole_files import write_whole

__all__ = ["STATES", "Counts", "label_cases"]

STATES = ("done", "skipped", "failed")

_log = logging.getLogger(__name__)


@dataclass
class Counts:
    """How many cases were labelled now, were there already, and failed."""

    done: int = 0
    skipped: int = 0
    failed: int = 0


def label_cases(
    cases: Iterable[CohortCase],
    labeller: Labeller,
    folder: Path,
    suffix: str = ".seg.nrrd",
    *,
    log: Path,
    tell: Callable[[str], None] = lambda text: None,
) -> Counts:
    """Write FOLDER/ID.seg.nrrd and its record FOLDER/ID.json for every case.

    A case is done when its record belongs to the same request (image, points, settings, weights) and its segmentation
    is there. The record is written first and the segmentation appears whole or not at all, so that an interruption
    leaves nothing that counts. A case that fails is reported and left out.

    Args:
        cases: Of this process.
        labeller: Makes the segments.
        folder: For the output; made if need be.
        suffix: Ending of the segmentations, see `cueseg.image_files.write_segmentation`.
        log: JSON lines, one per case, are added to this file.
        tell: Gets a line of text per case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = Counts()
    for case in cases:
        began = time.monotonic()
        line: dict[str, Any] = {"id": case.id, "image": str(case.image)}
        try:
            line |= _label(case, labeller, folder, suffix)
        except (ValueError, OSError, RuntimeError, MemoryError) as error:
            _log.debug("where it came from", exc_info=error)
            line |= {"state": "failed", "error": str(error) or type(error).__name__}
        line["seconds"] = round(time.monotonic() - began, 2)
        line["time"] = datetime.now(UTC).isoformat(timespec="seconds")
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        setattr(counts, line["state"], getattr(counts, line["state"]) + 1)
        tell(f"{case.id}: {line['state']}" + (f": {line['error']}" if "error" in line else ""))
    return counts


def _label(case: CohortCase, labeller: Labeller, folder: Path, suffix: str) -> dict[str, Any]:
    output, record = folder / f"{case.id}{suffix}", folder / f"{case.id}.json"
    request = _request(case, labeller)
    old = _old_request(record)
    strange = next((path for path in (output, record) if path.exists()), None)
    if strange is not None and old is None:
        raise ValueError(f"{strange} exists, but was not written here: move it away, or give another folder")
    if output.exists() and old == request:
        return {"state": "skipped"}
    image = read_image(case.image, case.series or None)
    segmentation, origins = labeller(case, image)
    masks = {item.name: int(segmentation.mask_of(item.name).sum()) for item in segmentation.segments}
    about = {
        "id": case.id,
        "request": request,
        "image": str(case.image.resolve()),
        "series": case.series,
        "modality": case.modality or labeller.settings["modality"] or image.modality,
        "weights": labeller.weights,
        "version": cueseg.__version__,
        "voxels": masks,
        "slices": origins_to_json(origins),
    }
    output.unlink(missing_ok=True)  # of another request: with the new record it would count
    write_whole(record, (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
    try:
        write_segmentation(output, segmentation, image)
    except (ValueError, OSError):
        record.unlink(missing_ok=True)
        raise
    return {"state": "done", "voxels": masks}


def _request(case: CohortCase, labeller: Labeller) -> str:
    """SHA-256 of everything that decides the outcome; of the image, its path, size and time of change."""
    files = sorted(case.image.iterdir()) if case.image.is_dir() else [case.image]
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]
    slices = [(item.name, item.axis, item.index, item.points) for item in case.slices]
    parts = [case.id, str(case.image), stats, case.modality, case.series, slices]
    text = json.dumps([*parts, labeller.weights, labeller.settings])
    return hashlib.sha256(text.encode()).hexdigest()


def _old_request(record: Path) -> str | None:
    """The request of a record, None if there is no record of ours."""
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["request"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
