"""A few scribbles on a real CT correct a network that was trained on another part of the body.

python Testing/demo/scribble_demo.py --output output/demo

`headneck-unet` knows the spinal cord in the neck; the image is a piece of a torso. A simulated user paints one stroke
per wrong class and round on the reference labels; the strokes go into the module's scribble segmentation as a brush
would put them there, and ScribbleRefine adapts the network's last layers. The strengths of the steps and of the keep
term were chosen on this image. Written: `cord_before.png`, `cord_after.png`, `cord.seg.nrrd`, `cord_table.md`.
"""

import argparse
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]
for folder in ("CueSegBackend", "ScribbleRefine", "Testing", "CueSegBackend/benchmarks"):
    sys.path.insert(0, str(ROOT / folder))  # what Slicer does for installed modules

import headless_slicer  # noqa: E402

slicer_app = headless_slicer.boot()

import slicer  # noqa: E402
from reference_data import fetch  # noqa: E402
from scribble_pictures import write_picture  # noqa: E402

from cueseg.metrics import dice  # noqa: E402
from cueseg.scribbles import SimulationOptions, simulate_scribbles  # noqa: E402
from CueSegMRML.BackgroundTask import TaskQueue  # noqa: E402
from ScribbleRefineLib.RefineSettings import RefineSettings  # noqa: E402
from ScribbleRefineLib.Session import Session  # noqa: E402

CORD = 2  # class of the network
REFERENCE_CORD = 79  # label of the reference
ROUNDS = 4
SPACING = (4.0, 4.0, 3.0)  # mm (x, y, z), about what the network was trained on
PIECE = (48, 64, 64)  # slices, rows, columns


class Demo:
    """The scene: one volume, the result, the scribbles; and the module's session on them."""

    def __init__(self, folder: Path) -> None:
        image, labels = load_piece(folder)
        self.volume = add_volume(image, "torso")
        self.image = slicer.util.arrayFromVolume(self.volume)
        self.truth = np.where(sitk.GetArrayFromImage(labels) == REFERENCE_CORD, CORD, 0).astype(np.int16)
        self.spacing = image.GetSpacing()[::-1]
        self.session = Session(slicer.mrmlScene, TaskQueue("demo"))
        self.wait(self.session.setUp, self.volume, None, "headneck-unet")
        self.settings = RefineSettings(modality="ct", device="cpu")

    def wait(self, start, *arguments):
        """Start something and deliver its result, as the panel's timer does."""
        done, failed = [], []
        start(*arguments, done.append, failed.append)
        while not (done or failed):
            self.session.queue.deliver()
            time.sleep(0.01)
        if failed:
            raise failed[0]
        return done[0]

    def labels(self) -> np.ndarray:
        """The result, read back from its segments: (slices, rows, cols) class numbers."""
        labels = np.zeros(self.image.shape, np.int16)
        for row in self.session.labels.rows:
            if row.resultSegmentId:
                node, segment = self.session.segmentationNode, row.resultSegmentId
                mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment, self.volume)
                labels[mask > 0] = row.index
        return labels

    def paint(self, scribbles: np.ndarray) -> None:
        """Put the strokes into the scribble segmentation, one segment per label."""
        for row in self.session.labels.rows:
            mask = (scribbles == row.index).astype(np.uint8)
            node, segment = self.session.scribbleNode, row.scribbleSegmentId
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment, self.volume)

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
    names = ("example_ct.nii.gz", "example_seg_fast_force_split.nii.gz")
    ct, labels = (sitk.DICOMOrient(sitk.ReadImage(str(folder / name)), "LPS") for name in names)
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


def add_volume(image: sitk.Image, name: str):
    """An image as a volume node."""
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) @ np.diag(image.GetSpacing())
    ijk_to_lps[:3, 3] = image.GetOrigin()
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijk_to_lps))
    slicer.util.updateVolumeFromArray(volume, sitk.GetArrayFromImage(image))
    return volume


def table(rounds: list[SimpleNamespace]) -> str:
    """Markdown: Dice, scribbled voxels and time, round by round."""
    lines = ["| round | agreement | scribbled voxels | seconds |", "|---|---|---|---|"]
    for number, item in enumerate(rounds):
        name = str(number) if number else "network alone"
        lines.append(f"| {name} | {item.dice:.3f} | {(item.scribbles >= 0).sum()} | {item.seconds:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Fetch, predict, scribble, refine, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("output/demo"))
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    demo = Demo(fetch(options.cache))
    rounds = demo.run()
    for name, item in (("before", rounds[0]), ("after", rounds[-1])):
        title = f"{name}: agreement {item.dice:.3f}"
        write_picture(options.output / f"cord_{name}.png", title, demo.image, item, rounds[-1].scribbles)
    target = options.output / "cord.seg.nrrd"
    if not slicer.util.saveNode(demo.session.segmentationNode, str(target)):
        raise SystemExit(f"{target} could not be written")
    text = (
        "Spinal cord in a torso CT by a network trained on the neck, corrected by a simulated user:\n"
        "agreement (Dice) with the labels that TotalSegmentator wrote.\n\n" + table(rounds) + "\n"
    )
    (options.output / "cord_table.md").write_text(text, encoding="utf-8")
    sys.stdout.write(
        f"\n{text}\nWritten to {options.output}: cord_before.png, cord_after.png, cord.seg.nrrd, cord_table.md\n"
    )
    demo.session.close()
    demo.session.queue.close()


if __name__ == "__main__":
    main()
