"""The data sets that the tutorials use, in Slicer's module Sample Data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import slicer

CATEGORY = "CueSeg"
FOLDER = Path(__file__).parents[1] / "Resources" / "SampleData"
LIVER = "e16eae0ae6fefa858c5c11e58f0f1bb81834d81b7102e021571056324ef6f37e"
LIVER_ADDRESS = f"https://github.com/Slicer/SlicerTestingData/releases/download/SHA256/{LIVER}"
WINDOW, LEVEL = 400.0, 40.0  # HU, soft tissue


def register(makePhantom: Callable[..., slicer.vtkMRMLScalarVolumeNode], abdomen: Path | None) -> None:
    """Offer the data sets; does nothing where the module Sample Data is not there.

    :param makePhantom: called with the data set; adds the made-up torso to the scene, see `addPhantom`.
    :param abdomen: the part of a CT that ExtremePointSeg ships; None leaves it out.
    """
    try:
        from SampleData import SampleDataLogic
    except ModuleNotFoundError:
        return
    offer = SampleDataLogic.registerCustomSampleDataSource
    if abdomen is not None:
        _offerFile(offer, "CueSegAbdomen", abdomen)
    _offerFile(offer, "CueSegTorso", FOLDER / "CueSegTorso.nrrd")
    # The button calls the function; the address only fills a field that may not be empty.
    offer(
        category=CATEGORY,
        sampleName="CueSegPhantom",
        uris="cueseg:phantom",
        fileNames="CueSegPhantom.nrrd",
        nodeNames="CueSegPhantom",
        customDownloader=makePhantom,
        thumbnailFileName=_thumbnail("CueSegPhantom"),
    )
    # Medical Segmentation Decathlon, Task03_Liver, liver_100; CC BY-SA 4.0. The thumbnail is Slicer's own.
    offer(
        category=CATEGORY,
        sampleName="CueSegCTLiver",
        uris=LIVER_ADDRESS,
        fileNames="CTLiver.nrrd",
        nodeNames="CTLiver",
        checksums=f"SHA256:{LIVER}",
    )


def addPhantom(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLScalarVolumeNode:
    """Add the torso of `cueseg.phantom`, and its labels as a hidden segmentation to compare with."""
    from cueseg.phantom import torso_phantom

    phantom = torso_phantom()
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CueSegPhantom")
    volume.SetSpacing(*phantom.spacing[::-1])
    volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    middle = np.array(phantom.image.shape[::-1]) * phantom.spacing[::-1] / 2
    volume.SetOrigin(*middle * (1, 1, -1))
    slicer.util.updateVolumeFromArray(volume, phantom.image)
    volume.CreateDefaultDisplayNodes()
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(WINDOW, LEVEL)
    truth = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "CueSegPhantom labels")
    truth.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for number, name in enumerate(phantom.names, start=1):
        segmentId = truth.GetSegmentation().AddEmptySegment("", name)
        mask = (phantom.labels == number).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, truth, segmentId, volume)
    truth.CreateDefaultDisplayNodes()
    truth.GetDisplayNode().SetVisibility(False)
    return volume


def _offerFile(offer: Callable, name: str, path: Path) -> None:
    """A file of the extension: Slicer copies it into its cache, and checks it like a download."""
    offer(
        category=CATEGORY,
        sampleName=name,
        uris=path.as_uri(),
        fileNames=f"{name}.nrrd",
        nodeNames=name,
        checksums=f"SHA256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        thumbnailFileName=_thumbnail(name),
    )


def _thumbnail(name: str) -> str:
    return str(FOLDER / f"{name}.png")
