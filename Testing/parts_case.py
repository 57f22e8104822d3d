"""Runs on a part of a volume: scopes that say so, and a real network that sees less far than the margin of a part."""

from pathlib import Path

import numpy as np
import slicer
import torch
import vtk

from cueseg.models.unet import UNet
from cueseg.networks import NetworkCard, save_network
from CueSegMRML import SegmentMasks
from real_refine_case import real_case
from refine_case import RefineCase
from scene_builder import to_world, view_across
from ScribbleRefineLib.Scope import Scope

LARGE = (12, 96, 104)  # more than the margin on each side of a stroke in a corner
CORNER = (3, 6, 9), (8, 30, 31)  # a box of that
OPTIONS = {"maxIterations": 6, "learningRate": 0.05, "beta": 0.1, "device": "cpu"}


def box_of(low, high) -> tuple[slice, ...]:
    return tuple(slice(a, b) for a, b in zip(low, high, strict=True))


def roi_around(case, low, high) -> slicer.vtkMRMLMarkupsROINode:
    """A ROI along the world's axes with the voxels low <= (k, j, i) < high; on straight volumes exactly these."""
    world = to_world(case.volume, np.array([low, high], float)[:, ::-1] - 0.5)
    roi = case.build.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    roi.SetCenter(vtk.vtkVector3d(*world.mean(0)))
    roi.SetSize(vtk.vtkVector3d(*np.abs(np.diff(world, axis=0)[0])))
    return roi


def in_box(case, low, high, part: bool = True) -> Scope:
    return Scope("roi", roi=roi_around(case, low, high), partOnly=part)


def in_slab(case, k: float, slices: int = 0, part: bool = True) -> Scope:
    view = view_across(case.volume, 2, (20.0, 15.0, k))
    return Scope("slab" if slices else "slice", view, slices, partOnly=part)


def results(case) -> dict[str, bytes]:
    """The segments of the result, voxel for voxel."""
    node = case.session.segmentationNode
    ids = node.GetSegmentation().GetSegmentIDs()
    return {name: SegmentMasks.maskOnVolume(node, name, case.volume).tobytes() for name in ids}


def save_convolutions(path: Path, intensity: dict | None = None) -> None:
    """A network of convolutions that finds liver where the image is bright, and is unsure of much."""
    torch.manual_seed(0)
    module = UNet(3, 1, 3, base=4, levels=2, norm="batch").eval()
    first, last = module.encoder[0], module.decoder[-1].block
    with torch.no_grad():
        for convolution, source in ((first.conv1, 0), (first.conv2, 0), (last.conv1, 4), (last.conv2, 0)):
            convolution.weight[0] = 0
            convolution.weight[0, source, 1, 1, 1] = 1  # channel 0 carries the image through
        module.head.weight.mul_(0.1)
        module.head.weight[:, 0] = torch.tensor([0.0, 8.0, 0.0]).reshape(3, 1, 1, 1)
        module.head.bias.copy_(torch.tensor([8.0, 0.0, -8.0]))
    card = NetworkCard(
        name="organs",
        dims=3,
        in_channels=1,
        classes=("background", "liver", "spleen"),
        intensity=intensity or {"kind": "scale", "divisor": 100},
        multiple=2,
        architecture="unet",
        model_options={"base": 4, "levels": 2, "norm": "batch"},
    )
    save_network(path, module, card)


def large_case(build, network: Path) -> RefineCase:
    """A session over the real backend on an image that is larger than the part of a small scope."""
    image = np.random.default_rng(0).normal(50, 20, LARGE).astype(np.float32)
    image[2:9, 5:40, 5:60] += 100
    return real_case(build, "thick", image, network)
