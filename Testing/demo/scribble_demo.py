"""A few scribbles on a real brain image correct a network that others trained, through the Slicer module's own code.

python Testing/demo/scribble_demo.py --output output/demo

The network is deepbrain's extractor, trained by its authors on heads with their skull. The image is the MNI152
template without skull, where that network fails. A simulated user paints one stroke per wrong class and round; the
strokes go into the module's scribble segmentation as a brush would put them there, and ScribbleRefine adapts the
network's last layers. Written: `brain_before.png`, `brain_after.png`, `brain.seg.nrrd`, `brain_table.md`.
"""

import argparse
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[2]
for folder in ("CueSegBackend", "ScribbleRefine", "Testing", "CueSegBackend/benchmarks"):
    sys.path.insert(0, str(ROOT / folder))  # what Slicer does for installed modules

import headless_slicer  # noqa: E402

slicer_app = headless_slicer.boot()

import slicer  # noqa: E402
from reference_data import DEEPBRAIN, GRAPH, NILEARN, TEMPLATE, fetch_member  # noqa: E402
from scribble_pictures import write_picture  # noqa: E402

from cueseg.metrics import dice  # noqa: E402
from cueseg.networks import save_network  # noqa: E402
from cueseg.networks.deepbrain import convert_deepbrain  # noqa: E402
from cueseg.scribbles import SimulationOptions, simulate_scribbles  # noqa: E402
from CueSegMRML.BackgroundTask import TaskQueue  # noqa: E402
from ScribbleRefineLib.RefineSettings import RefineSettings  # noqa: E402
from ScribbleRefineLib.Session import Session  # noqa: E402

BRAIN = 1
ROUNDS = 3


class Demo:
    """The scene: one volume, the result, the scribbles; and the module's session on them."""

    def __init__(self, cache: Path) -> None:
        self.volume = load_volume(fetch_member(NILEARN, TEMPLATE, cache), "MNI152")
        self.image = slicer.util.arrayFromVolume(self.volume)
        self.truth = ndimage.binary_fill_holes(self.image > 0).astype(np.int16)
        network = convert_deepbrain(fetch_member(DEEPBRAIN, GRAPH, cache))
        weights = cache / "deepbrain.pt"
        save_network(weights, network.module, network.card)
        self.session = Session(slicer.mrmlScene, TaskQueue("demo"))
        self.wait(self.session.setUp, self.volume, None, str(weights))
        self.settings = RefineSettings(modality="mr", device="cpu")

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
        """The result, read back from its segment: (slices, rows, cols), 1 where there is brain."""
        segment = self.session.labels.row(BRAIN).resultSegmentId
        node = self.session.segmentationNode
        return slicer.util.arrayFromSegmentBinaryLabelmap(node, segment, self.volume).astype(np.int16)

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
            scribbles = simulate_scribbles(self.labels(), self.truth, rng, options, existing=scribbles)
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
            dice=dice(labels == BRAIN, self.truth == BRAIN),
            seconds=seconds,
        )


def load_volume(path: Path, name: str):
    """An image file as a volume node."""
    image = sitk.ReadImage(str(path))
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) @ np.diag(image.GetSpacing())
    ijk_to_lps[:3, 3] = image.GetOrigin()
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijk_to_lps))
    slicer.util.updateVolumeFromArray(volume, sitk.GetArrayFromImage(image))
    return volume


def table(rounds: list[SimpleNamespace]) -> str:
    """Markdown: Dice, scribbled voxels and time, round by round."""
    lines = ["| round | Dice | scribbled voxels | seconds |", "|---|---|---|---|"]
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
    demo = Demo(options.cache)
    rounds = demo.run()
    for name, item in (("before", rounds[0]), ("after", rounds[-1])):
        title = f"{name}: Dice {item.dice:.3f}"
        write_picture(options.output / f"brain_{name}.png", title, demo.image, item, rounds[-1].scribbles)
    target = options.output / "brain.seg.nrrd"
    if not slicer.util.saveNode(demo.session.segmentationNode, str(target)):
        raise SystemExit(f"{target} could not be written")
    text = (
        "Brain in the MNI152 template without skull: deepbrain's extractor, corrected by a simulated user.\n\n"
        + table(rounds)
        + "\n"
    )
    (options.output / "brain_table.md").write_text(text)
    sys.stdout.write(
        f"\n{text}\nWritten to {options.output}: brain_before.png, brain_after.png, brain.seg.nrrd, brain_table.md\n"
    )
    demo.session.close()
    demo.session.queue.close()


if __name__ == "__main__":
    main()
