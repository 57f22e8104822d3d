"""Hidden module: its folder puts `cueseg`, `CueSegMRML` and what self-tests share on Slicer's Python path."""

# ruff: noqa: PT009 (the tests are run by unittest, inside Slicer)

from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

#
# CueSegBackend
#


class CueSegBackend(ScriptedLoadableModule):
    """Metadata of the module; there is no panel."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "CueSeg Backend"
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = []
        self.parent.contributors = ["CueSeg contributors"]
        self.parent.helpText = _("Packages that the modules of CueSeg share.")
        self.parent.acknowledgementText = _("See the modules of CueSeg.")
        self.parent.hidden = True
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the data sets of the tutorials in the module Sample Data; downloads nothing."""
    from CueSegMRML import SampleData

    hasAbdomen = hasattr(slicer.modules, "extremepointseg")
    folder = Path(slicer.util.modulePath("ExtremePointSeg")).parent if hasAbdomen else None
    SampleData.register(showPhantom, folder / "Resources" / "SelfTest" / "Abdomen.nrrd" if folder else None)


def showPhantom(source=None):
    """Add the made-up torso to the scene and show it in the slice views; returns the volume.

    :param source: the data set of Sample Data whose button was pressed.
    """
    from CueSegMRML import SampleData

    volume = SampleData.addPhantom(slicer.mrmlScene)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


#
# CueSegBackendLogic
#


class CueSegBackendLogic(ScriptedLoadableModuleLogic):
    """Answers whether the extension can compute here."""

    def missingText(self):
        """What to install and where; empty when all packages are there."""
        from CueSegMRML import Requirements

        return Requirements.describeMissing(Requirements.missingRequirements())


#
# CueSegBackendTest
#


class CueSegBackendTest(ScriptedLoadableModuleTest):
    """Runs in Slicer, with or without PyTorch."""

    def setUp(self):
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear()

    def test_ThePackagesCanBeImported(self):
        """Also without PyTorch."""
        import cueseg
        import CueSegMRML

        self.assertTrue(cueseg.__version__)
        self.assertTrue(CueSegMRML.__doc__)

    def test_MissingPackagesAreNamed(self):
        """The message says what to install where."""
        from CueSegMRML import Requirements

        message = Requirements.describeMissing(["torch>=2.2"])
        self.assertIn("Extensions Manager", message)
        self.assertEqual(Requirements.describeMissing([]), "")

    def test_SampleDataOfTheTutorialsLoads(self):
        """What is shipped and what is made; nothing that needs the network."""
        import SampleData

        registerSampleData()
        for name in ("CueSegAbdomen", "CueSegTorso"):
            volume = SampleData.downloadSample(name)
            self.assertEqual(volume.GetName(), name)
            low, high = volume.GetImageData().GetScalarRange()
            self.assertLess(low, -500, "no air")
            self.assertGreater(high, 300, "no bone")
        phantom = showPhantom()
        views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        self.assertEqual({view.GetBackgroundVolumeID() for view in views}, {phantom.GetID()})
