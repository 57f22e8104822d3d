"""The embedded Segment Editor, reduced to a brush and an eraser for scribbles."""

import slicer

EFFECTS = ("Paint", "Erase")
LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()


class Brush:
    """Paints into the scribble segmentation; which label is chosen elsewhere in the panel."""

    def __init__(self, widget):
        """Take a Segment Editor widget; show two effects, and no table of segments beside the panel's own."""
        self._widget = widget
        widget.setEffectNameOrder(EFFECTS)
        for table in slicer.util.findChildren(widget, name="SegmentsTableView"):
            table.setVisible(False)

    def follow(self, editorNode, segmentationNode, volumeNode):
        """Paint into this segmentation, on the voxels of this volume; None for neither."""
        widget = self._widget
        if widget.mrmlSegmentEditorNode() is not editorNode:
            widget.setMRMLSegmentEditorNode(editorNode)
            widget.setupViewObservations()
        if widget.segmentationNode() is not segmentationNode:
            widget.setSegmentationNode(segmentationNode)
        if segmentationNode is not None and widget.sourceVolumeNode() is not volumeNode:
            widget.setSourceVolumeNode(volumeNode)
        widget.setEnabled(segmentationNode is not None)

    def choose(self, segmentId):
        """Paint this segment from now on."""
        if self._widget.mrmlSegmentEditorNode() is not None:
            self._widget.setCurrentSegmentID(segmentId)

    def setEffect(self, name):
        """Take brush or eraser in hand; "" puts them away. Returns whether that changed anything."""
        effect = self._widget.activeEffect()
        before = effect.name if effect is not None else ""
        self._widget.setActiveEffectByName(name)
        return before != name

    def undo(self):
        """Take the last stroke back; whether there was one."""
        return self._changes(self._widget.undo)

    def redo(self):
        """Bring a stroke back; whether there was one."""
        return self._changes(self._widget.redo)

    def forgetStrokes(self):
        """Let strokes be undone no more one by one: they belong to a round now."""
        most = self._widget.maximumNumberOfUndoStates
        self._widget.maximumNumberOfUndoStates = 0
        self._widget.maximumNumberOfUndoStates = most

    def _changes(self, step):
        node = self._widget.segmentationNode()
        if node is None:
            return False
        before = _stamp(node)
        step()
        return _stamp(node) != before

    def leave(self):
        """Let go of views and nodes."""
        if self._widget.mrmlSegmentEditorNode() is not None:
            self._widget.setActiveEffect(None)
        self._widget.removeViewObservations()
        self._widget.setMRMLSegmentEditorNode(None)


def _stamp(segmentationNode):
    """Changes with any stroke."""
    segmentation = segmentationNode.GetSegmentation()
    segments = [segmentation.GetSegment(segmentId) for segmentId in segmentation.GetSegmentIDs()]
    maps = [segment.GetRepresentation(LABELMAP) for segment in segments]
    return tuple(labelmap.GetMTime() if labelmap is not None else 0 for labelmap in maps)
