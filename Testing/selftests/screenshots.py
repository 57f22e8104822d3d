"""Pictures of the panels and of the slice views, made over the stand-in: `make screenshots`.

    python Testing/selftests/screenshots.py [folder]

The panels are drawn with Qt's own style, so fonts and colours differ a little from those of Slicer.
"""

import sys
import unittest
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ("CueSegBackend", "ExtremePointSeg", "ScribbleRefine")
sys.path[:0] = [str(ROOT / folder) for folder in (*MODULES, "Testing")]

import standin  # noqa: E402 (after the path)

standin.boot()

import numpy as np  # noqa: E402
import slicer  # noqa: E402

from ExtremePointSegSelfTest import Expectation, Gestures  # noqa: E402
from ExtremePointSegSelfTest.PanelCase import PanelCase  # noqa: E402
from ExtremePointSegSelfTest.SevenPointsCase import CLICKS, SevenPointsCase  # noqa: E402
from ExtremePointSegSelfTest.VolumeCase import VolumeCase  # noqa: E402
from ExtremePointSegSelfTest.WritingTests import SPLEEN  # noqa: E402
from ScribbleRefineSelfTest import Phantom  # noqa: E402
from ScribbleRefineSelfTest.BoxCase import BoxCase  # noqa: E402
from ScribbleRefineSelfTest.BoxTests import PAIR_BOX  # noqa: E402
from ScribbleRefineSelfTest.RefiningTests import CYST_LINE, LIVER_LINE, SPLEEN_LINE  # noqa: E402
from standin import module_loader, screenshots  # noqa: E402

WIDTH = 420  # pixels, a usual width of Slicer's panel
WINDOW, LEVEL = 350, 40  # soft tissue
COLOR = (0.2, 0.75, 0.9)


class Studio(PanelCase, unittest.TestCase):
    """The panel of the self-test with the network that ships."""

    def __init__(self, folder: Path) -> None:
        super().__init__("countTestCases")
        self.folder = folder

    def picture(self, name: str, theme: str = "light", module: str = "ExtremePointSeg") -> None:
        with screenshots.colors(theme):
            panel = getattr(slicer.modules, module.lower()).widgetRepresentation()
            path = screenshots.save_widget(panel, self.folder / f"panel_{name}.png", width=WIDTH)
        print(path.name)

    def segment_spleen(self) -> None:
        """Four clicks on the outline of the spleen, with the real network."""
        spleen = [Expectation.toWorld(self.volume, np.array([i, j, 10.0])) for i, j in SPLEEN]
        for name in ("Red", "Yellow", "Green"):
            Gestures.sliceWidget(name).mrmlSliceNode().JumpSliceByOffsetting(*np.mean(spleen, axis=0))
        self.addSegment()
        segment = self.settings.segmentation.GetSegmentation().GetSegment(self.settings.segmentId)
        segment.SetName("spleen")
        segment.SetColor(*COLOR)
        self.ui.placeButton.click()
        for ras in spleen:
            Gestures.click("Red", ras)
        self.waitUntilIdle()
        self.ui.placeButton.click()


def set_window(volume, window: float, level: float) -> None:
    """How bright the views show the volume."""
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(window, level)


@contextmanager
def opened(folder: Path):
    """The panel with the abdomen in the views; the double is replaced by the network."""
    studio = Studio(folder)
    studio.setUp()
    studio.useNetwork()
    set_window(studio.volume, WINDOW, LEVEL)
    yield studio
    studio.tearDown()


def take_all(folder: Path) -> None:
    """Every state, in light and dark where it matters."""
    with opened(folder) as studio:
        studio.picture("start")
        studio.segment_spleen()
        print(screenshots.save_slice_views(folder / "views_segment.png").name)
        studio.ui.showCueCheckBox.click()
        for theme in ("light", "dark"):
            studio.picture(f"result_{theme}", theme)
        studio.ui.advancedCollapsibleButton.collapsed = False
        studio.picture("advanced")
        studio.ui.advancedCollapsibleButton.collapsed = True
        print(screenshots.save_slice_views(folder / "views.png").name)
    with opened(folder) as studio:
        studio.pretendMissing(["torch>=2.2"])
        studio.panel.checkPackages()
        studio.widget.refresh()
        for theme in ("light", "dark"):
            studio.picture(f"missing_{theme}", theme)
    take_points(folder)
    take_volume(folder)
    take_scribbles(folder)
    take_box(folder)


class PointsStudio(SevenPointsCase, Studio):
    """The section on seven points, at the edge of the spleen."""

    def points(self) -> None:
        for name in ("inputs", "model", "points"):
            getattr(self.ui, f"{name}CollapsibleButton").collapsed = True
        self.ui.sevenPointsCollapsibleButton.collapsed = False


def take_points(folder: Path) -> None:
    """While points are placed, and with the labels of a complete object."""
    studio = PointsStudio(folder)
    studio.setUp()
    set_window(studio.volume, WINDOW, LEVEL)
    studio.points()
    studio.clickPoints(CLICKS[:5])
    studio.picture("points_missing")
    studio.clickPoints(CLICKS[5:])
    studio.ui.segmentTargetsButton.click()
    studio.waitUntilIdle()
    for theme in ("light", "dark"):
        studio.picture(f"points_{theme}", theme)
    print(screenshots.save_slice_views(folder / "views_points.png").name)
    studio.tearDown()
    for name in ("inputs", "model", "points"):
        getattr(studio.ui, f"{name}CollapsibleButton").collapsed = False
    studio.ui.sevenPointsCollapsibleButton.collapsed = True


class VolumeStudio(VolumeCase, Studio):
    """The section on whole volumes."""

    def clickSpleen(self, *indices: int) -> None:
        """Place the points of the spleen on other slices too."""
        self.ui.placeButton.click()
        for index in indices:
            spleen = [Expectation.toWorld(self.volume, np.array([i, j, index])) for i, j in SPLEEN]
            Gestures.sliceWidget("Red").mrmlSliceNode().JumpSliceByOffsetting(*spleen[0])
            for ras in spleen:
                Gestures.click("Red", ras)
            self.waitUntilIdle()
        self.ui.placeButton.click()


def take_volume(folder: Path) -> None:
    """Clicked slices, and what became of those between."""
    studio = VolumeStudio(folder)
    studio.setUp()
    studio.useNetwork()
    set_window(studio.volume, WINDOW, LEVEL)
    sections = [getattr(studio.ui, f"{name}CollapsibleButton") for name in ("inputs", "model", "points")]
    for section in sections:
        section.collapsed = True
    studio.ui.volumeCollapsibleButton.collapsed = False
    studio.segment_spleen()
    studio.clickSpleen(7, 13)
    studio.pushAndWait(studio.ui.volumeFillButton)
    studio.ui.clearButton.click()
    studio.ui.volumeNextButton.click()
    studio.waitUntilIdle()
    studio.picture("volume")
    print(screenshots.save_slice_views(folder / "views_volume.png").name)
    studio.tearDown()
    for section in sections:
        section.collapsed = False
    studio.ui.volumeCollapsibleButton.collapsed = True


class ScribbleStudio(BoxCase, unittest.TestCase):
    """The other panel, with the phantom and the small network of its self-test."""

    def __init__(self, folder: Path) -> None:
        super().__init__("countTestCases")
        self.folder = folder

    def picture(self, name: str, theme: str = "light") -> None:
        with screenshots.colors(theme):
            panel = slicer.modules.scribblerefine.widgetRepresentation()
            print(screenshots.save_widget(panel, self.folder / f"scribble_{name}.png", width=WIDTH).name)

    def views(self, name: str) -> None:
        for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            view.JumpSliceByCentering(*Phantom.worldOf(self.volume, (5, 5, 24)))
        print(screenshots.save_slice_views(self.folder / f"views_scribble_{name}.png").name)


def take_scribbles(folder: Path) -> None:
    """Before, while and after the network is refined."""
    studio = ScribbleStudio(folder)
    studio.setUp()
    studio.picture("start")
    studio.begin()
    set_window(studio.volume, 260, 100)
    studio.paint("background", CYST_LINE)
    studio.paint("liver", LIVER_LINE)
    studio.paint("spleen", SPLEEN_LINE)
    studio.views("painted")
    studio.ui.refineButton.click()
    studio.waitFor(lambda: "Iteration" in studio.message, "the first iteration")
    studio.picture("running")
    studio.waitUntilIdle()
    studio.views("refined")
    studio.ui.overlayComboBox.currentIndex = 1
    studio.views("changes")
    for name in ("weights", "advanced", "shortcuts"):
        getattr(studio.ui, f"{name}CollapsibleButton").collapsed = False
    studio.ui.reportButton.click()
    for theme in ("light", "dark"):
        studio.picture(f"result_{theme}", theme)
    studio.tearDown()


def take_box(folder: Path) -> None:
    """One object in a box, fine-tuned with a scribble."""
    studio = ScribbleStudio(folder)
    studio.setUp()
    set_window(studio.volume, 260, 100)
    studio.beginWithBox(PAIR_BOX)
    studio.paint("background", CYST_LINE)
    studio.ui.tuneButton.click()
    studio.waitUntilIdle()
    studio.views("box")
    studio.ui.advancedCollapsibleButton.collapsed = False
    studio.picture("box")
    studio.tearDown()


def main(folder: Path) -> None:
    for name in MODULES:
        module_loader.load_module(ROOT / name).widgetRepresentation()
    take_all(folder)
    slicer.util.mainWindow().moduleSelector().selectModule("")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "Resources" / "Screenshots")
