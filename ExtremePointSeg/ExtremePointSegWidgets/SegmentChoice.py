"""The list of segments, and the button that adds one."""

from slicer.util import VTKObservationMixin

from CueSegMRML.SceneEvents import SEGMENT_EVENTS


class SegmentChoice(VTKObservationMixin):
    """Part of the panel's widget. Slicer's own selector would choose the first segment after every change of any."""

    isBusy = False

    def __init__(self, ui, panel, settings):
        """Connect the controls.

        :param settings: called for the parameter node, None while none is bound.
        """
        VTKObservationMixin.__init__(self)
        self.ui, self.panel, self._settings = ui, panel, settings
        self._segmentation, self._segments = None, []
        ui.addSegmentButton.connect("clicked(bool)", self.onAdd)
        ui.segmentComboBox.connect("currentIndexChanged(int)", self.onChosen)

    def follow(self):
        """Look at the segmentation of the settings from now on."""
        self._observe(self._settings().segmentation)
        self.onModified()

    def refresh(self):
        """Nothing else changes what is listed."""

    def release(self):
        """Look at no segmentation."""
        self._observe(None)

    def leaveScene(self):
        """The segmentation was let go of with the settings."""

    def close(self):
        """Stop everything that could call back."""
        self.removeObservers()

    def onModified(self, caller=None, event=None):
        """List the segments as they are now."""
        segments, box = self.panel.segments(self._settings()), self.ui.segmentComboBox
        wasBlocked = box.blockSignals(True)
        if segments != self._segments:
            self._segments = segments
            box.clear()
            box.addItems([name for segmentId, name in segments])
        box.currentIndex = self.panel.keepSegment(self._settings())
        box.blockSignals(wasBlocked)

    def onAdd(self, checked):
        """Add a segment, and a segmentation if there is none."""
        self.panel.addSegment(self._settings())

    def onChosen(self, index):
        """Keep the chosen segment in the settings."""
        if self._settings() is not None and index >= 0:
            self._settings().segmentId = self._segments[index][0]

    def _observe(self, segmentation):
        if segmentation is not self._segmentation:
            self.removeObservers()
            self._segmentation = segmentation
            for event in SEGMENT_EVENTS if segmentation is not None else ():
                self.addObserver(segmentation, event, self.onModified)
