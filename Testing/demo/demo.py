"""Four clicks per organ on a real abdominal CT, through the Slicer module's own code and real MRML nodes.

python Testing/demo/demo.py --output output/demo

A simulated user clicks the extreme points of the reference labels, on three slices of each of ten organs. Written:
`abdomen.seg.nrrd` (opens in 3D Slicer), one overlay picture per organ, `table.md` with the agreement (Dice) of the
result, of the ellipse in the click box, and of GrabCut with the reference, and the time per click. `clicks.json` is for
`report.py`.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]
for folder in ("CueSegBackend", "ExtremePointSeg", "Testing", "CueSegBackend/benchmarks"):
    sys.path.insert(0, str(ROOT / folder))  # what Slicer does for installed modules

import headless_slicer  # noqa: E402

slicer_app = headless_slicer.boot()

import slicer  # noqa: E402
import vtk  # noqa: E402
from figures import Figures  # noqa: E402
from overlay import write_overlay  # noqa: E402
from reference_data import ORGANS, folders  # noqa: E402

from classical import ellipse, grabcut  # noqa: E402
from cueseg.extreme_points import extreme_points_from_mask  # noqa: E402
from cueseg.image_files import read_image  # noqa: E402
from cueseg.intensity import IntensityRule, as_rgb  # noqa: E402
from cueseg.metrics import dice  # noqa: E402
from cueseg.predictor import ExtremePointPredictor  # noqa: E402
from CueSegMRML.Segments import SegmentEditing  # noqa: E402
from ExtremePointSegLib.SegmentFromPoints import segmentSlice  # noqa: E402

SLICES_PER_ORGAN = 3


@dataclass
class Click:
    """One organ on one slice: what was clicked, what came out, and how it compares."""

    index: int
    points: np.ndarray
    image: np.ndarray
    reference: np.ndarray
    mask: np.ndarray
    cue: np.ndarray
    agreement: dict[str, float]
    seconds: float


def load(folder: Path) -> tuple[slicer.vtkMRMLScalarVolumeNode, np.ndarray]:
    """The CT as a volume node, and the labels (slice, row, col) on its grid."""
    image = read_image(folder / "example_ct_dicom")
    geometry = sitk.GetImageFromArray(image.array)
    geometry.SetSpacing(image.spacing)
    geometry.SetOrigin(image.origin)
    geometry.SetDirection(image.direction)
    labels = sitk.ReadImage(str(folder / "example_seg_dicom.nii.gz"))
    labels = sitk.Resample(labels, geometry, sitk.Transform(), sitk.sitkNearestNeighbor)
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = np.reshape(image.direction, (3, 3)) @ np.diag(image.spacing)
    ijk_to_lps[:3, 3] = image.origin
    ijk_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijk_to_lps
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "abdomen")
    volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijk_to_ras))
    slicer.util.updateVolumeFromArray(volume, image.array)
    return volume, sitk.GetArrayFromImage(labels)


def place_points(markups, volume, points: np.ndarray, index: int) -> None:
    """What four clicks in the axial view do: control points in RAS."""
    ijk_to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijk_to_ras)
    markups.RemoveAllControlPoints()
    for x, y in points:
        ras = ijk_to_ras.MultiplyPoint((x, y, index, 1.0))
        markups.AddControlPointWorld(vtk.vtkVector3d(ras[:3]))


def axial_view(volume, index: int) -> np.ndarray:
    """SliceToRAS of an axial view through slice `index`."""
    ijk_to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijk_to_ras)
    view = np.diag([-1.0, 1.0, 1.0, 1.0])
    view[:3, 3] = ijk_to_ras.MultiplyPoint((0.0, 0.0, index, 1.0))[:3]
    return view


class Demo:
    """The scene: one volume, one segmentation with a segment per organ, one markups node."""

    def __init__(self, folder: Path) -> None:
        self.volume, self.labels = load(folder)
        self.voxels = slicer.util.arrayFromVolume(self.volume)
        scene = slicer.mrmlScene
        self.markups = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "extreme points")
        self.segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "abdomen")
        self.segmentation.CreateDefaultDisplayNodes()
        self.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(self.volume)
        self.editing = SegmentEditing(scene)
        self.predictor = ExtremePointPredictor(device="cpu")
        self.rng = np.random.default_rng(0)

    def run_organ(self, label: int, name: str) -> list[Click]:
        """Click the organ on three of its slices; its segment is filled slice by slice."""
        segment_id = self.segmentation.GetSegmentation().AddEmptySegment("", name)
        slices = np.flatnonzero((self.labels == label).any(axis=(1, 2)))
        chosen = slices[[len(slices) * k // (SLICES_PER_ORGAN + 1) for k in range(1, SLICES_PER_ORGAN + 1)]]
        return [self.click(int(index), label, segment_id) for index in chosen]

    def click(self, index: int, label: int, segment_id: str) -> Click:
        """Four clicks on one slice; the mask is read back from the segment, not from the predictor."""
        reference = self.labels[index] == label
        points = extreme_points_from_mask(reference, self.rng)
        place_points(self.markups, self.volume, points, index)
        began = time.perf_counter()
        result = segmentSlice(
            self.predictor,
            self.volume,
            self.markups,
            self.segmentation,
            segment_id,
            axial_view(self.volume, index),
            editing=self.editing,
        )
        seconds = time.perf_counter() - began
        segment = slicer.util.arrayFromSegmentBinaryLabelmap(self.segmentation, segment_id, self.volume)
        mask = segment[index] > 0
        image = IntensityRule().apply(self.voxels[index], "ct")
        masks = {"CueSeg": mask} | {
            method.__name__: method(as_rgb(image), points) for method in (ellipse, grabcut)
        }
        agreement = {method: dice(found, reference) for method, found in masks.items()}
        return Click(index, points, image, reference, mask, result.prediction.cue, agreement, seconds)


def table(clicks: dict[str, list[Click]]) -> str:
    """Markdown: mean agreement over the slices of every organ, and the median time per click."""
    methods = list(next(iter(clicks.values()))[0].agreement)
    lines = [
        f"| organ | slices | {' | '.join(methods)} | ms per click |",
        "|---|" + "---|" * (len(methods) + 2),
    ]
    for organ, items in clicks.items():
        means = [np.mean([item.agreement[method] for item in items]) for method in methods]
        cells = " | ".join(f"{mean:.3f}" for mean in means)
        indices = ", ".join(str(item.index) for item in items)
        lines.append(
            f"| {organ} | {indices} | {cells} | {1000 * np.median([i.seconds for i in items]):.0f} |"
        )
    every = [item for items in clicks.values() for item in items]
    means = [[item.agreement[method] for item in every] for method in methods]
    cells = " | ".join(f"{np.mean(values):.3f} ± {np.std(values):.3f}" for values in means)
    lines.append(
        f"| **all** | n = {len(every)} | {cells} | {1000 * np.median([i.seconds for i in every]):.0f} |"
    )
    return "\n".join(lines)


def as_figures(clicks: dict[str, list[Click]]) -> list[dict[str, Any]]:
    """Organ by organ, for the report."""
    return [
        {
            "name": organ,
            "picture": picture_name(organ),
            "slices": [item.index for item in items],
            "agreement": {key: [item.agreement[key] for item in items] for key in items[0].agreement},
            "seconds": [item.seconds for item in items],
        }
        for organ, items in clicks.items()
    ]


def picture_name(organ: str) -> str:
    """File name of an organ's overlay."""
    return f"{organ.replace(' ', '_')}.png"


def main() -> None:
    """Fetch, click, write."""
    folder, output = folders(__doc__)
    figures = Figures("clicks")
    demo = Demo(folder)
    clicks = {}
    for label, name in ORGANS.items():
        clicks[name] = demo.run_organ(label, name)
        write_overlay(output / picture_name(name), name, clicks[name])
        sys.stdout.write(f"{name}: " + ", ".join(f"{c.agreement['CueSeg']:.3f}" for c in clicks[name]) + "\n")
    target = output / "abdomen.seg.nrrd"
    if not slicer.util.saveNode(demo.segmentation, str(target)):
        raise SystemExit(f"{target} could not be written")
    note = (
        "Agreement (Dice) with the labels that TotalSegmentator wrote; clicks simulated on those labels.\n\n"
    )
    text = note + table(clicks) + "\n"
    (output / "table.md").write_text(text, encoding="utf-8")
    figures.write(output, device=demo.predictor.device_note, organs=as_figures(clicks))
    sys.stdout.write(f"\n{text}\nWritten to {output}: abdomen.seg.nrrd, table.md, one picture per organ\n")


if __name__ == "__main__":
    main()
