"""A few scribbles on a real CT correct a network that was trained on another part of the body.

python Testing/demo/scribble_demo.py --output output/demo

`headneck-unet` knows the spinal cord in the neck; the image is a piece of a torso. A simulated user paints one stroke
per wrong class and round on the reference labels; the strokes go into the module's scribble segmentation as a brush
would put them there, and ScribbleRefine adapts the network's last layers. The strengths of the steps and of the keep
term were chosen on this image. Written: `cord_before.png`, `cord_after.png`, `cord.seg.nrrd`, `cord_table.md`, and
`scribbles.json` for `report.py`.
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import SimpleITK as sitk
from figures import Figures
from reference_data import folders
from scribble_pictures import write_picture
from scribble_scene import ScribbleScene, read_pair, slicer

from cueseg.metrics import dice
from cueseg.scribbles import SimulationOptions, simulate_scribbles

CORD = 2  # class of the network
REFERENCE_CORD = 79  # label of the reference
ROUNDS = 4
SPACING = (4.0, 4.0, 3.0)  # mm (x, y, z), about what the network was trained on
PIECE = (48, 64, 64)  # slices, rows, columns


class Demo(ScribbleScene):
    """The scene with the reference beside it."""

    def __init__(self, folder: Path) -> None:
        image, labels = load_piece(folder)
        super().__init__(image, "torso", "headneck-unet")
        self.truth = np.where(sitk.GetArrayFromImage(labels) == REFERENCE_CORD, CORD, 0).astype(np.int16)

    def run(self) -> list[SimpleNamespace]:
        """The initial prediction and the rounds: what was painted, what came out, how well it fits, how long."""
        began = time.perf_counter()
        self.wait(self.session.runInitial, self.settings, lambda progress: None)
        scribbles = np.full(self.image.shape, -1, np.int16)
        rounds = [self._round(scribbles, began)]
        rng, options = np.random.default_rng(0), SimulationOptions(max_length=40.0)
        for _ in range(ROUNDS):
            scribbles = simulate_scribbles(
                self.labels(), self.truth, rng, options, spacing=self.spacing, existing=scribbles
            )
            self.paint(scribbles)
            began = time.perf_counter()
            self.wait(self.session.refine, self.settings, lambda progress: None)
            rounds.append(self._round(scribbles, began))
        return rounds

    def _round(self, scribbles: np.ndarray, began: float) -> SimpleNamespace:
        seconds, labels = time.perf_counter() - began, self.labels()
        return SimpleNamespace(
            scribbles=scribbles,
            labels=labels,
            dice=dice(labels == CORD, self.truth == CORD),
            seconds=seconds,
        )


def load_piece(folder: Path) -> tuple[sitk.Image, sitk.Image]:
    """The CT and its labels around the spinal cord, resampled to `SPACING`."""
    ct, labels = read_pair(folder)
    size = [round(n * mm / to) for n, mm, to in zip(ct.GetSize(), ct.GetSpacing(), SPACING, strict=True)]
    grid = sitk.Image(size, sitk.sitkInt16)
    grid.SetSpacing(SPACING)
    grid.SetOrigin(ct.GetOrigin())
    grid.SetDirection(ct.GetDirection())
    ct = sitk.Cast(sitk.Resample(ct, grid, sitk.Transform(), sitk.sitkLinear, -1000.0), sitk.sitkInt16)
    labels = sitk.Resample(labels, grid, sitk.Transform(), sitk.sitkNearestNeighbor)
    middle = np.argwhere(sitk.GetArrayFromImage(labels) == REFERENCE_CORD).mean(axis=0)
    shape = np.array(ct.GetSize()[::-1])
    low = np.clip(middle - np.array(PIECE) * (0.5, 0.6, 0.5), 0, shape - PIECE).astype(int)
    z, y, x = (slice(int(a), int(a + n)) for a, n in zip(low, PIECE, strict=True))
    return ct[x, y, z], labels[x, y, z]


def table(rounds: list[SimpleNamespace]) -> str:
    """Markdown: Dice, scribbled voxels and time, round by round."""
    lines = ["| round | agreement | scribbled voxels | seconds |", "|---|---|---|---|"]
    for number, item in enumerate(rounds):
        name = str(number) if number else "network alone"
        lines.append(f"| {name} | {item.dice:.3f} | {(item.scribbles >= 0).sum()} | {item.seconds:.1f} |")
    return "\n".join(lines)


def as_figures(item: SimpleNamespace) -> dict[str, float]:
    """One round, for the report."""
    painted = int((item.scribbles >= 0).sum())
    voxels = item.labels.size
    return {"agreement": item.dice, "scribbled": painted, "voxels": voxels, "seconds": item.seconds}


def main() -> None:
    """Fetch, predict, scribble, refine, write."""
    folder, output = folders(__doc__)
    figures = Figures("scribbles")
    demo = Demo(folder)
    rounds = demo.run()
    for name, item in (("before", rounds[0]), ("after", rounds[-1])):
        title = f"{name}: agreement {item.dice:.3f}"
        write_picture(output / f"cord_{name}.png", title, demo.image, item, rounds[-1].scribbles)
    target = output / "cord.seg.nrrd"
    if not slicer.util.saveNode(demo.session.segmentationNode, str(target)):
        raise SystemExit(f"{target} could not be written")
    text = (
        "Spinal cord in a torso CT by a network trained on the neck, corrected by a simulated user:\n"
        "agreement (Dice) with the labels that TotalSegmentator wrote.\n\n" + table(rounds) + "\n"
    )
    (output / "cord_table.md").write_text(text, encoding="utf-8")
    figures.write(output, device=demo.session.deviceNote, rounds=[as_figures(item) for item in rounds])
    sys.stdout.write(
        f"\n{text}\nWritten to {output}: cord_before.png, cord_after.png, cord.seg.nrrd, cord_table.md\n"
    )
    demo.close()


if __name__ == "__main__":
    main()
