"""Pictures of the tutorial of scribbles: the shipped network on the torso of Sample Data, corrected by four strokes.

What the tutorial tells its readers to do is done here, through the panel, and the figures that it states are printed:

    python Testing/selftests/tutorial_pictures.py [folder]
"""

import sys
import unittest
from pathlib import Path

import numpy as np
import screenshots as pictures  # boots the stand-in
import slicer

from ScribbleRefineSelfTest import PanelCase as PanelCases
from ScribbleRefineSelfTest import Phantom
from standin import module_loader, screenshots

NETWORK, VOLUME = "headneck-unet", "CueSegTorso"
BRUSH = 6.0  # mm
WINDOW, LEVEL = 400, 40
# Label, and two places (slice, row, column) of the axial view that the stroke joins.
STROKES = (
    ("background", (23, 28, 11), (23, 33, 11)),  # right kidney, taken for a parotid gland
    ("background", (26, 29, 51), (26, 34, 51)),  # left kidney
    ("background", (29, 33, 56), (29, 36, 56)),  # its edge, taken for the other gland
    ("spinal cord", (12, 36, 32), (12, 36, 34)),  # the front of the cord, left out
)
SHOWN = (23, 36, 33)


class TorsoStudio(PanelCases.PanelCase, unittest.TestCase):
    """The panel with the torso."""

    patience = 600

    def __init__(self, folder: Path) -> None:
        super().__init__("countTestCases")
        self.folder = folder

    def loadPhantom(self, name="phantom", seed=0):
        """The torso in the phantom's stead."""
        import SampleData  # the stand-in's

        slicer.app.startupCompleted.emit()
        volume = self.showVolume(SampleData.downloadSample(VOLUME))
        display = volume.GetDisplayNode()
        display.AutoWindowLevelOff()
        display.SetWindowLevel(WINDOW, LEVEL)
        return volume

    def views(self, name: str) -> None:
        for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            view.JumpSliceByCentering(*Phantom.worldOf(self.volume, SHOWN))
        print(screenshots.save_slice_views(self.folder / f"tutorial_{name}.png").name)

    def panelPicture(self, name: str) -> None:
        panel = slicer.modules.scribblerefine.widgetRepresentation()
        print(screenshots.save_widget(panel, self.folder / f"tutorial_{name}.png", pictures.WIDTH).name)

    def chooseNetwork(self) -> None:
        box = self.ui.networkComboBox
        box.currentIndex = next(n for n in range(box.count) if NETWORK in box.itemText(n))
        self.waitUntilIdle()

    def counts(self) -> dict[str, int]:
        """Voxels of every segment of the result."""
        node = self.settings.segmentation
        segmentation = node.GetSegmentation()
        return {
            segmentation.GetSegment(found).GetName(): int(
                (slicer.util.arrayFromSegmentBinaryLabelmap(node, found, self.volume) > 0).sum()
            )
            for found in segmentation.GetSegmentIDs()
        }


def take_tutorial(folder: Path) -> None:
    """Choose, run, paint, refine."""
    studio = TorsoStudio(folder)
    studio.setUp()
    studio.chooseNetwork()
    studio.press(studio.ui.initialButton)
    studio.views("network")
    studio.panelPicture("labels")
    print("network alone", studio.counts())
    for label, *voxels in STROKES:
        studio.choose(label)
        paint(studio, label, voxels)
    studio.views("strokes")
    studio.refine()
    studio.views("refined")
    print("after one round", studio.counts(), studio.message)
    studio.tearDown()


def paint(studio: TorsoStudio, label: str, voxels: list) -> None:
    """A stroke with a brush of a usual size, and at least one voxel of it."""
    before = Phantom.SHAPE, PanelCases.BRUSH
    Phantom.SHAPE, PanelCases.BRUSH = slicer.util.arrayFromVolume(studio.volume).shape, BRUSH
    try:
        painted = studio.paint(label, voxels)
    finally:
        Phantom.SHAPE, PanelCases.BRUSH = before
    if not np.any(painted):
        raise SystemExit(f"the stroke {voxels} of '{label}' painted nothing")


if __name__ == "__main__":
    for name in pictures.MODULES:
        module_loader.load_module(pictures.ROOT / name).widgetRepresentation()
    take_tutorial(Path(sys.argv[1]) if len(sys.argv) > 1 else pictures.ROOT / "Resources" / "Screenshots")
    slicer.util.mainWindow().moduleSelector().selectModule("")
