"""The buttons, marks and points of the section "From slices to a volume"."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from CueSegMRML import ContourFilling, Slices
from ExtremePointSegLib import WholeVolumeMessages as Messages
from ExtremePointSegLib.Settings import Filling
from ExtremePointSegLib.WholeVolumeStrip import legend
from ExtremePointSegLib.WholeVolumeWriting import VolumeRequest

AXES = (2, 1, 0)  # of the volume, in the order of the list


class VolumeControls:
    """Base of the section, which has `ui`, `panel`, `whole`, `derived`, `slices` and `nodes`."""

    def onFill(self):
        """Make the slices between, or give up."""
        if self.whole.queue.busy:
            self.whole.cancel()
            self._message, self._progress = _("Cancelled: nothing was changed."), ""
            self.refresh()
            return
        self._start(self.whole.fill)

    def onCarryOn(self, direction):
        """Carry the last slice on, towards lower (-1) or higher (1) ones."""
        self._start(self.whole.carryOn, direction)

    def goToSuggested(self):
        """Show the slice that most needs a look; called again, the one after it."""
        if not self.isOpen:
            self.ui.volumeCollapsibleButton.collapsed = False
        if self.slices is None:
            return
        found = self.whole.reviews.next(self.nodes, self.slices)
        if found is None:
            self._message = _("There is no slice to suggest: click or paint two slices, some slices apart.")
        else:
            self._suggested = found
            self._goTo(found)
        self.refresh()

    def onMark(self, link):
        """Go to the slice of a mark."""
        if self.slices is not None:
            self._goTo(int(link))

    def onMarkHovered(self, link):
        """Say what the mark under the mouse means."""
        words = self._strip.words if self._strip is not None else {}
        self.ui.volumeStripLabel.toolTip = words.get(link, legend(_))

    def onAxisChosen(self, index):
        """Fill between slices of another direction."""
        if self._settings() is not None and index >= 0:
            self._axes[self._names()] = AXES[index]
            self.refresh()

    def onPointsSettled(self):
        """The slice whose points were dragged becomes a clicked one."""
        if not self.isOpen or self.slices is None:
            return
        if self.whole.queue.busy or self.panel.queue.busy:
            self._pause.start(
                self._pause.interval
            )  # one after the other: a run would find the segment changed
            return
        moved = self.derived.moved()
        if moved is not None:
            self._moved = moved[0]
            self._start(self.whole.click, *moved)

    def onDone(self, outcome):
        """Say what was done."""
        segmentation, segmentId, _volume = outcome.nodes
        hidden = Messages.isHidden(segmentation, segmentId)
        text = Messages.describeOutcome(outcome, hidden, _)
        if self._settings() is not None and outcome.nodes != self.nodes:  # another was chosen meanwhile
            name = segmentation.GetSegmentation().GetSegment(segmentId).GetName()
            text = _("Segment '{name}': {text}").format(name=name, text=text)
        self._message, self._progress = text, ""
        self._stamp = None
        self._onHistory()

    def onError(self, error):
        """Say in the section what went wrong; points go back to where they were."""
        self._message, self._progress = Messages.sentence(str(error)), ""
        self._stamp = None
        self.refresh()

    def onProgress(self, news):
        """Say how far it is."""
        self._progress = Messages.progressOf(news, _)
        self.refresh()

    def _start(self, run, *arguments):
        """Begin a run on the segment as it is now."""
        self._stamp = None
        self._takeSlices()
        self._message, self._progress = "", _("Computing…")
        run(self._request(), self.slices, *arguments, self.onDone, self.onError, self.onProgress)
        self._poller.start()
        self.refresh()

    def _request(self):
        settings, panel = self._settings(), self.panel
        segmentation, segmentId, volume = self.nodes
        index = panel.modelIndex(settings)
        return VolumeRequest(
            volume,
            segmentation,
            segmentId,
            settings.modality.value,
            settings.model,
            settings.threshold,
            settings.overwrite.value,
            (panel.models[index].name, panel.models[index].sha256) if index >= 0 else ("", ""),
            settings.volumeNetwork and self.hasNetwork,
            ContourFilling.fillGap if settings.volumeFilling is Filling.CONTOURS else None,
        )

    def _goTo(self, index):
        """Show a slice in the views along it; in all of them if none is."""
        mask, stack, volume = self.slices.masks[index], self.slices.stack, self.nodes[2]
        rows, cols = np.nonzero(mask)
        middle = (cols.mean(), rows.mean()) if rows.size else (np.array(mask.shape[::-1]) - 1) / 2
        place = stack.worldPoints(np.array([middle]), index)[0]
        views = slicer.util.getNodesByClass("vtkMRMLSliceNode", self._scene)
        along = [view for view in views if Slices.axisOf(volume, view) == stack.axis]
        for view in along or views:
            view.JumpSliceByOffsetting(*place)
