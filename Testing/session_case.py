"""Sessions on image files that are recorded as a panel would, for the tests of records and replay."""

from pathlib import Path
from typing import Any

import numpy as np

from cueseg.image_files import ImageFile, read_image
from cueseg.refinement import RefinementOptions
from cueseg.refinement.delta import options_as_json
from cueseg.sessions.identity import WeightsIdentity, header_for, identity_of_file
from cueseg.sessions.outcome import begin_of, outcome_of
from cueseg.sessions.planes import StackView
from cueseg.sessions.record_file import write_record
from cueseg.sessions.recorder import SessionRecorder
from cueseg.sessions.run_length import encode_runs
from cueseg.sessions.states import Masks
from cueseg.sessions.tools import Tool

WRITING = {"segment": "1", "keep": False, "overwritten": [], "corrects": False}


class SessionCase:
    """A session on one image; its segments are written as the rules say, and recorded.

    Attributes:
        masks: What the segments are.
    """

    def __init__(self, image: Path, tool: Tool, weights: WeightsIdentity) -> None:
        self.image: ImageFile = read_image(image)
        header = header_for(identity_of_file(self.image), weights, "cpu")
        self.recorder, self.tool = SessionRecorder(header), tool
        self.masks: Masks = {}

    def do(self, kind: str, besides: Masks | None = None, **fields: Any) -> dict[str, Any]:
        """Compute, write and record; `besides` are voxels that something else turns over."""
        states = self.recorder._states
        action = {"action": kind, **fields}
        made = self.tool.make(action, states.masks(begin_of(action, states)))
        _, changed = outcome_of(action, states, made)
        for key, mask in (besides or {}).items():
            changed[key] = changed[key] ^ mask
        self.masks |= changed
        counts = {"user": 4.0, "machine": 0.5, "clicks": 4}
        return self.recorder.note(kind, changed, made, **counts, **fields)

    def slice(self, index: int, points: Any, axis: int = 0, **changes: Any) -> dict[str, Any]:
        """A slice from four points."""
        rest = {name: changes.pop(name) for name in ("besides",) if name in changes}
        view = StackView(axis, **{name: changes.pop(name) for name in ("flip_rows",) if name in changes})
        spacing = [s for n, s in enumerate(self.image.spacing[::-1]) if n != axis]
        about = {"modality": "ct", "spacing": spacing, "range": None, "threshold": None}
        plane = {**view.to_json(), "index": index}
        fields = {**WRITING, **about, "plane": plane, "points": np.asarray(points).tolist(), **changes}
        return self.do("slice", **rest, **fields)

    def volume(self, clicked: dict[int, Any], written: range) -> dict[str, Any]:
        """The slices between clicked ones too."""
        sets = {str(index): np.asarray(points)[None].tolist() for index, points in clicked.items()}
        about = {
            "modality": "ct",
            "spacing": list(self.image.spacing[::-1]),
            "options": {"min_agreement": 0.2},
        }
        fields = {**WRITING, **about, "view": StackView().to_json(), "clicked": sets, "given": {}}
        return self.do("volume", written=list(written), **fields)

    def history(self, kind: str, masks: Masks) -> None:
        """Undo or redo, which leads to these masks."""
        self.masks = masks
        self.recorder.note(kind, masks, None, user=1.0)

    def predicted(self) -> None:
        """The network's own output."""
        self.do("predicted", classes={"1": "1"}, modality="ct", locked=[], half_cache=False)

    def refined(self, scribbles: np.ndarray, **options: Any) -> None:
        """A round; scribbles are class numbers, -1 none."""
        runs = {str(k): encode_runs(scribbles == k) for k in np.unique(scribbles[scribbles >= 0]).tolist()}
        about = {"classes": {"1": "1"}, "modality": "ct", "locked": [], "half_cache": False, "scope": None}
        chosen = options_as_json(RefinementOptions(**options))
        self.do("refined", scribbles=runs, options=chosen, **about)

    def save(self, path: Path) -> Path:
        """Write the record."""
        write_record(path, self.recorder.record)
        return path
