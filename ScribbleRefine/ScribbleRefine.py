"""Correct a segmentation from scribbles: for now a panel that says what is to come."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

#
# ScribbleRefine
#


class ScribbleRefine(ScriptedLoadableModule):
    """Metadata of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Scribble Refinement")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = ["CueSegBackend"]
        self.parent.contributors = ["CueSeg contributors"]
        self.parent.helpText = _(
            "Will correct a segmentation from a few scribbles by adapting the last layers of the network. "
            "That is not there yet."
        )
        self.parent.acknowledgementText = _(
            "The method to come: Sambaturu et al., Efficient and Generic Interactive Segmentation "
            "Framework to Correct Mispredictions During Clinical Evaluation of Medical Images, MICCAI 2021."
        )


#
# ScribbleRefineWidget
#


class ScribbleRefineWidget(ScriptedLoadableModuleWidget):
    """One label."""

    def setup(self):
        """Load the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ScribbleRefine.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)


#
# ScribbleRefineTest
#


class ScribbleRefineTest(ScriptedLoadableModuleTest):
    """Runs in Slicer."""

    def setUp(self):
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear()

    def test_ThePanelSaysThatTheFunctionIsNotThereYet(self):
        """The label must not promise what there is not."""
        widget = slicer.modules.scribblerefine.widgetRepresentation().self()
        self.assertIn("not there yet", widget.ui.aboutLabel.text)
