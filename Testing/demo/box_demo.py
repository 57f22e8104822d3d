"""A box and a few strokes around structures of an abdomen, by a network that never saw one.

python Testing/demo/box_demo.py --output output/demo

`p-net` learnt from nuclei and from organs of the head and neck. The image is one axial slice of a CT. The box is the
tight one around the reference; a simulated user paints at most one stroke per label and round in it, and BIFSeg tunes
the network to the image, all through ScribbleRefine's own session. Written: `box.png`, `box_table.md`,
and `boxes.json` for `report.py`.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import SimpleITK as sitk
from figures import Figures
from reference_data import folders
from scribble_scene import ScribbleScene, read_pair, slicer

from cueseg.metrics import dice
from cueseg.scribbles import SimulationOptions, simulate_scribbles
from cueseg.scribbles.simulated_user import UNKNOWN
from CueSegMRML import Volumes
from ScribbleRefineLib.RefineSettings import BoxSettings

STRUCTURES = {3: "left kidney", 1: "spleen", 5: "liver", 6: "stomach"}  # labels of the reference
BACKGROUND, OBJECT = 0, 1
ROUNDS = 3
COLOURS = {"result": (80, 220, 60), "reference": (0, 200, 255), "box": (255, 255, 255)}  # blue, green, red
STROKES = {OBJECT: (255, 160, 40), BACKGROUND: (60, 60, 255)}
TILE = 300  # pixels


@dataclass(frozen=True)
class Round:
    """Masks (rows, cols), strokes -1 none, agreement, seconds."""

    mask: np.ndarray
    scribbles: np.ndarray
    dice: float
    seconds: float


class Demo(ScribbleScene):
    """The scene with the reference (1, rows, cols) beside it."""

    def __init__(self, folder: Path) -> None:
        ct, labels = read_pair(folder)
        numbers = sitk.GetArrayFromImage(labels)
        index = int((numbers == next(iter(STRUCTURES))).sum(axis=(1, 2)).argmax())
        part = slice(index, index + 1)
        super().__init__(sitk.Cast(ct[:, :, part], sitk.sitkInt16), "abdomen", "p-net")
        self.reference = numbers[part]

    def run(self, label: int) -> list[Round]:
        """The box alone, without tuning, and the rounds with strokes."""
        truth = self.reference == label
        _, rows, cols = (slice(places.min(), places.max() + 1) for places in np.nonzero(truth))
        roi = self.draw(rows, cols)
        inside = np.zeros(truth.shape, bool)
        inside[0, rows, cols] = True
        wanted = np.where(inside, truth, UNKNOWN).astype(np.int16)
        side = max(rows.stop - rows.start, cols.stop - cols.start) * max(self.spacing)
        user = SimulationOptions(max_length=side / 3, min_pixels=2, confirm=True)
        scribbles, rng = np.full(truth.shape, -1, np.int16), np.random.default_rng(0)
        rounds = [self._segment(roi, scribbles, truth)]
        for _ in range(ROUNDS):
            shown = rounds[-1].mask.astype(np.int16)
            scribbles = simulate_scribbles(shown, wanted, rng, user, spacing=self.spacing, existing=scribbles)
            rounds.append(self._segment(roi, scribbles, truth))
        self.session.nextObject()
        return rounds

    def draw(self, rows: slice, cols: slice):
        """What drawing a box in the axial view does: a markups ROI, in RAS."""
        corners = [[cols.start, rows.start, 0, 1], [cols.stop - 1, rows.stop - 1, 0, 1]]
        low, high = (Volumes.worldFromIJK(self.volume) @ np.transpose(corners))[:3].T
        roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
        roi.SetCenter(*(low + high) / 2)
        roi.SetSize(*np.abs(high - low) + 1.0)
        return roi

    def _segment(self, roi, scribbles: np.ndarray, truth: np.ndarray) -> Round:
        self.paint(scribbles)
        began = time.perf_counter()
        tunes = bool((scribbles >= 0).any())
        self.wait(self._start, roi, tunes)
        seconds, mask = time.perf_counter() - began, self.labels() == OBJECT
        return Round(mask, scribbles, dice(mask, truth), seconds)

    def _start(self, roi, tunes, on_done, on_error) -> None:
        self.session.segmentBox(
            self.settings, BoxSettings(), roi, lambda progress: None, on_done, on_error, tunes=tunes
        )


def table(found: dict[str, list[Round]]) -> str:
    """Markdown: agreement round by round, a row per structure."""
    heads = ["structure", "box alone", *(f"round {number}" for number in range(1, ROUNDS + 1))]
    lines = ["| " + " | ".join([*heads, "scribbled pixels", "s per round"]) + " |"]
    lines.append("|---" * (len(heads) + 2) + "|")
    for name, rounds in found.items():
        cells = [f"{item.dice:.3f}" for item in rounds]
        painted = int((rounds[-1].scribbles >= 0).sum())
        seconds = float(np.median([item.seconds for item in rounds[1:]]))
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {painted} | {seconds:.1f} |")
    return "\n".join(lines)


def write_picture(
    path: Path, image: np.ndarray, reference: np.ndarray, found: dict[str, list[Round]]
) -> None:
    """Before above after, a column per structure: box, outlines, strokes."""
    columns = []
    for label, name in STRUCTURES.items():
        rounds = found[name]
        truth = (reference == label)[0]
        tiles = [_tile(image[0], truth, item, f"{name} {item.dice:.3f}") for item in (rounds[0], rounds[-1])]
        columns.append(np.vstack(tiles))
    if not cv2.imwrite(str(path), np.hstack(columns)):
        raise SystemExit(f"{path} could not be written")


def _tile(image: np.ndarray, truth: np.ndarray, item: Round, title: str) -> np.ndarray:
    middle = [(places.min() + places.max() + 1) / 2 for places in np.nonzero(truth)]
    side = max(np.ptp(places) + 1 for places in np.nonzero(truth)) + 12
    part = tuple(slice(max(int(at - side / 2), 0), int(at - side / 2) + side) for at in middle)
    scale = TILE // side if side < TILE else 1

    def large(values: np.ndarray) -> np.ndarray:
        return np.kron(values[part], np.ones((scale, scale), values.dtype))

    grey = large(((image.astype(np.float32) + 150) / 350 * 255).clip(0, 255).astype(np.uint8))
    tile = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    box = np.zeros(truth.shape, np.uint8)
    box[tuple(slice(places.min(), places.max() + 1) for places in np.nonzero(truth))] = 1
    for mask, name in ((box, "box"), (truth, "reference"), (item.mask[0], "result")):
        outlines, _ = cv2.findContours(large(mask.astype(np.uint8)), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(tile, outlines, -1, COLOURS[name], 1, cv2.LINE_AA)
    for label, colour in STROKES.items():
        tile[large((item.scribbles[0] == label).astype(np.uint8)) > 0] = colour
    frame = np.zeros((TILE, TILE, 3), np.uint8)
    frame[: tile.shape[0], : tile.shape[1]] = tile[:TILE, :TILE]
    cv2.putText(frame, title, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return frame


def as_figures(name: str, rounds: list[Round]) -> dict[str, Any]:
    """One structure, for the report."""
    return {
        "name": name,
        "agreement": [item.dice for item in rounds],
        "scribbled": int((rounds[-1].scribbles >= 0).sum()),
        "seconds": [item.seconds for item in rounds],
    }


def main() -> None:
    """Fetch, draw, scribble, write."""
    folder, output = folders(__doc__)
    figures = Figures("boxes")
    demo = Demo(folder)
    found = {name: demo.run(label) for label, name in STRUCTURES.items()}
    write_picture(output / "box.png", demo.image, demo.reference, found)
    text = (
        "Structures of one abdominal slice, each in a box, by a network that learnt from nuclei and from the head\n"
        "and neck; simulated strokes; agreement (Dice) with the labels that TotalSegmentator wrote.\n\n"
        + table(found)
        + "\n"
    )
    (output / "box_table.md").write_text(text, encoding="utf-8")
    structures = [as_figures(name, rounds) for name, rounds in found.items()]
    figures.write(output, device=demo.session.deviceNote, structures=structures)
    sys.stdout.write(f"\n{text}\nWritten to {output}: box.png, box_table.md\n")
    demo.close()


if __name__ == "__main__":
    main()
