"""What the controls of the panel do."""

from functools import partial

import slicer
import vtk
from slicer.i18n import tr as _

from ScribbleRefineLib import Rows
from ScribbleRefineLib.Settings import Overlay
from ScribbleRefineWidgets import Controls
from ScribbleRefineWidgets.Tables import fillTable


class PanelSlots:
    """Part of the panel's widget, which has its parts: ui, panel, brush, labels, the parameter node."""

    def onNetworkChosen(self, index):
        """Take over a network of the list."""
        if self._parameterNode is not None:
            self._parameterNode.network = self.panel.networks[index - 1] if index > 0 else ""

    def onImport(self):
        """Offer the network of a file, choose it and show what is to be said about it."""
        self.panel.importNetwork(self._parameterNode, self.ui.networkPathLineEdit.currentPath)
        self._round.say("")  # what was wrong with the file before
        self.ui.inspectButton.click()

    def onReport(self, report):
        """Show what the check of the network found."""
        self.ui.reportTextEdit.setPlainText(report.text())
        self.ui.reportTextEdit.visible = True

    def onUseSegmentation(self):
        """Begin with what the segmentation holds."""
        self._round.say(" ".join(self.panel.useSegmentation(self._parameterNode)))

    def onAddLabel(self):
        """Add a label of the name that was typed, and choose it."""
        row = self.panel.session.newOrgan(self.ui.labelNameLineEdit.text)
        self.ui.labelNameLineEdit.text = ""
        self.refresh()
        self.labels.choose(row.index)

    def onLabelChosen(self, index):
        """Paint this label from now on."""
        self.brush.choose(self.panel.session.labels.row(index).scribbleSegmentId)
        Controls.showState(self.ui, self.panel, self._parameterNode, index)

    def onLocked(self, index, locked):
        """Lock or unlock a label."""
        self.perform(partial(self.panel.session.labels.setLocked, index, locked))

    def onProposed(self, threshold):
        """Take over the value that suits the volume."""
        self._parameterNode.growth = threshold

    def onRefine(self):
        """Begin a round, or stop it and keep the best so far."""
        if self.panel.session.isRunning:
            self.panel.session.stop()
        else:
            self._round.begin(self.panel.refine(self._parameterNode, self._calls))

    def onDrawBox(self):
        """Let two clicks in a view place a new box."""
        self.panel.drawBox(self._parameterNode, self.onError)
        self.brush.setEffect("")
        self.ui.boxPlaceWidget.setCurrentNode(self._parameterNode.box)
        self.ui.boxPlaceWidget.setPlaceModeEnabled(True)
        self.brush.forgetStrokes()

    def onSegmentBox(self):
        """Segment the object in the box by the network as it is."""
        self._round.begin(self.panel.segmentBox(self._parameterNode, self._calls, tunes=False))

    def onTargetChosen(self, index):
        """Write the object to another segment."""
        if self._parameterNode is not None and index >= 0:
            self.perform(partial(self.panel.chooseTarget, index - 1))

    def onBoxModified(self, caller, event):
        """The box was placed, or pulled."""
        self.refresh()

    def onCancelKey(self):
        """Cancel what runs; if nothing does, put the brush away."""
        if self.panel.session.isRunning:
            self.panel.session.cancel()
        else:
            self.brush.setEffect("")

    def onProgress(self, progress):
        """Show how far it is."""
        self._round.showProgress(progress, self.panel.session.plot.chartNode)

    def onResult(self, result):
        """Show what it came to."""
        self._round.showResult(result, self.panel.names(), self.panel.session.plot.chartNode)
        fillTable(self.ui.volumeTable, Rows.volumeRows(result, self.panel.names()))
        self.brush.forgetStrokes()
        if self._parameterNode is not None:
            self.panel.showOverlay(self._parameterNode)

    def onError(self, error):
        """Say what went wrong, in the panel: dialogs would be in the way."""
        self._round.say(str(error))

    def onSetUp(self):
        """Install what is missing, after asking."""
        with slicer.util.tryWithErrorDisplay(_("The set-up did not finish."), waitCursor=True):
            self.panel.install()
        self.onParametersModified()

    def onApplyWeights(self):
        """Segment the volume with the weights of the file."""
        self.panel.applyWeights(self._parameterNode, self.ui.weightsPathLineEdit.currentPath, self._calls)

    def onBefore(self, before):
        """Show the segmentation before the last round, while a button or key is held."""
        self.panel.session.showBefore(before)

    def onToggleChanges(self):
        """Show or hide the changes of the last round."""
        shown = self._parameterNode.overlay is Overlay.CHANGES
        self._parameterNode.overlay = Overlay.NOTHING if shown else Overlay.CHANGES

    def onUndoKey(self):
        """Take back the last stroke; if none was painted since the last round, the round."""
        if not self.brush.undo():
            self.onUndo()

    def onRedoKey(self):
        """Bring back what was taken back."""
        if not self.brush.redo():
            self.onRedo()

    def onUndo(self):
        """Go back to before the last round."""
        self.panel.session.undo()
        self.brush.forgetStrokes()

    def onRedo(self):
        """Go forward to after the last round that was undone."""
        self.panel.session.redo()
        self.brush.forgetStrokes()

    def _showNetworks(self):
        box, titles = self.ui.networkComboBox, [_("Choose a network…"), *self.panel.networkTitles()]
        wasBlocked = box.blockSignals(True)
        if [box.itemText(n) for n in range(box.count)] != titles:
            box.clear()
            box.addItems(titles)
        box.currentIndex = self.panel.networkIndex(self._parameterNode) + 1
        box.blockSignals(wasBlocked)

    def _showTargets(self):
        box, titles = (
            self.ui.targetComboBox,
            [_("New segment"), *(name for _id, name in self.panel.targets())],
        )
        wasBlocked = box.blockSignals(True)
        if [box.itemText(n) for n in range(box.count)] != titles:
            box.clear()
            box.addItems(titles)
        box.currentIndex = self.panel.targetIndex() + 1
        box.blockSignals(wasBlocked)

    def _observeBox(self, node):
        if node is not self._box:
            self.removeObservers(self.onBoxModified)
            self._box = node
            if node is not None:
                node.SetDisplayVisibility(True)
                for event in (vtk.vtkCommand.ModifiedEvent, node.PointModifiedEvent):
                    self.addObserver(node, event, self.onBoxModified)

    def _showLabels(self):
        session, labels = self.panel.session, self.panel.session.labels
        shown = (id(labels), labels.version) if labels.rows else ()
        if shown != self._shownLabels:
            self._shownLabels = shown
            self.labels.show(*Rows.labelRows(labels, session.segmentationNode, _))
        self._observeScribbles(session.scribbleNode)
        self.brush.follow(self.panel.editorNode(), session.scribbleNode, session.volumeNode)
