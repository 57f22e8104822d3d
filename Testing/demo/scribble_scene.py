"""What the demos of ScribbleRefine share: a volume, the module's session on it, and strokes as a brush leaves them."""

import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]
for folder in ("CueSegBackend", "ScribbleRefine", "Testing", "CueSegBackend/benchmarks"):
    sys.path.insert(0, str(ROOT / folder))  # what Slicer does for installed modules

import headless_slicer  # noqa: E402

slicer_app = headless_slicer.boot()

import slicer  # noqa: E402

from CueSegMRML.BackgroundTask import TaskQueue  # noqa: E402
from ScribbleRefineLib.RefineSettings import RefineSettings  # noqa: E402
from ScribbleRefineLib.Session import Session  # noqa: E402


class ScribbleScene:
    """One volume, the result, the scribbles; and the module's session on them.

    Args:
        image: in HU.
        name: of the volume.
        network: as `cueseg.load_network` takes it.
    """

    def __init__(self, image: sitk.Image, name: str, network: str) -> None:
        self.volume = add_volume(image, name)
        self.image = slicer.util.arrayFromVolume(self.volume)
        self.spacing = image.GetSpacing()[::-1]
        self.session = Session(slicer.mrmlScene, TaskQueue("demo"))
        self.wait(self.session.setUp, self.volume, None, network)
        self.settings = RefineSettings(modality="ct", device="cpu")

    def wait(self, start, *arguments, **more):
        """Start something and deliver its result, as the panel's timer does."""
        done, failed = [], []
        start(*arguments, done.append, failed.append, **more)
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

    def close(self) -> None:
        """End the session and its worker thread."""
        self.session.close()
        self.session.queue.close()


def read_pair(folder: Path) -> tuple[sitk.Image, sitk.Image]:
    """The CT of 3 mm and its labels, (x, y, z) towards left, posterior, superior."""
    names = ("example_ct.nii.gz", "example_seg_fast_force_split.nii.gz")
    ct, labels = (sitk.DICOMOrient(sitk.ReadImage(str(folder / name)), "LPS") for name in names)
    return ct, labels


def add_volume(image: sitk.Image, name: str):
    """An image as a volume node."""
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) @ np.diag(image.GetSpacing())
    ijk_to_lps[:3, 3] = image.GetOrigin()
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijk_to_lps))
    slicer.util.updateVolumeFromArray(volume, sitk.GetArrayFromImage(image))
    return volume
