"""A small volume with bodies of known brightness, and a small network that knows some of them."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import slicer

SHAPE = (10, 28, 36)  # slices, rows, columns
SPACING = (1.0, 1.0, 1.5)  # mm along columns, rows, slices
BODIES = {  # center and radii in voxels (slice, row, column), brightness
    "liver": ((5, 15, 10), (4, 9, 7), 100.0),
    "spleen": ((5, 18, 27), (4, 7, 6), 180.0),
    "cyst": ((5, 5, 24), (3, 3, 5), 170.0),
}
CLASSES = ("background", "liver", "spleen", "kidney")  # of the network; it never finds a kidney
OBJECT_CLASSES = ("background", "object")  # of a network for one object in a box
NOISE, DIVISOR = 4.0, 100.0
STEPS = 30  # of training


def bodyMask(name):
    """Bool (slices, rows, columns)."""
    center, radii, _ = BODIES[name]
    grids = np.ogrid[tuple(slice(size) for size in SHAPE)]
    return sum(((grid - c) / r) ** 2 for grid, c, r in zip(grids, center, radii, strict=True)) <= 1


def image(names=tuple(BODIES), seed=0):
    """Float32 (slices, rows, columns) with these bodies."""
    values = np.random.default_rng(seed).normal(0, NOISE, SHAPE)
    for name in names:
        values += bodyMask(name) * BODIES[name][2]
    return values.astype(np.float32)


def addVolume(name="phantom", seed=0):
    """The phantom as a volume node; rows run to the front and columns to the left, as in most CTs."""
    volume = slicer.util.addVolumeFromArray(
        image(seed=seed), nodeClassName="vtkMRMLScalarVolumeNode", name=name
    )
    volume.SetSpacing(*SPACING)
    volume.SetOrigin(20.0, 15.0, -10.0)
    volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    return volume


def worldOf(volume, voxel):
    """World RAS of a voxel (slice, row, column)."""
    matrix = np.eye(4)
    ijkToRAS = slicer.util.vtkMatrixFromArray(matrix)
    volume.GetIJKToRASMatrix(ijkToRAS)
    return np.array(ijkToRAS.MultiplyPoint((*(float(n) for n in reversed(voxel)), 1.0))[:3])


def networkFile():
    """File of a small 3D U-Net that finds liver and spleen by their brightness, and so takes the cyst for spleen."""
    return _trained("phantom-net", CLASSES)


def objectNetworkFile():
    """File of one that finds whatever is bright."""
    return _trained("object-net", OBJECT_CLASSES)


@cache
def _trained(title, classes):
    import torch

    from cueseg.models.unet import UNet
    from cueseg.networks import NetworkCard, save_network

    options = {"base": 8, "levels": 2, "norm": "group"}
    names = CLASSES[1:3]  # what it is trained on: no cyst, no kidney
    picture = torch.from_numpy(image(names, seed=5) / DIVISOR)[None, None]
    numbers = [min(n + 1, len(classes) - 1) for n in range(len(names))]
    bodies = [torch.from_numpy(bodyMask(name)).long() for name in names]
    labels = sum(number * body for number, body in zip(numbers, bodies, strict=True))[None]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = UNet(3, 1, len(classes), **options)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    weights = torch.tensor([0.3] + [1.0] * (len(classes) - 1))  # most voxels are background
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(picture), labels, weights).backward()
        optimizer.step()
    path = Path(tempfile.mkdtemp(prefix="scribblerefine-")) / f"{title}.pt"
    card = NetworkCard(
        name=title,
        dims=3,
        in_channels=1,
        classes=classes,
        intensity={"kind": "scale", "divisor": DIVISOR},
        multiple=2,
        tail=("decoder.0.block.conv2", "head"),
        architecture="unet",
        model_options=options,
        licence="MIT",
        description="Trained on a phantom.",
    )
    save_network(path, network, card)
    return str(path)
