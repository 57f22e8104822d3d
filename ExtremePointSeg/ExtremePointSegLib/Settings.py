"""Choices of the panel."""

from __future__ import annotations

import slicer

from CueSegMRML.Choices import Choice


class Modality(Choice):
    """What the volume holds; the values are those of `cueseg.intensity.MODALITIES`."""

    CT = "ct", "CT"
    MR = "mr", "MR"
    GREY = "grey", "Other gray-scale image"
    COLOR = "rgb", "Color image"


class Overwrite(Choice):
    """What happens to other segments under the mask; the values are those of the Segment Editor's node."""

    NONE = slicer.vtkMRMLSegmentEditorNode.OverwriteNone, "Allow overlap"
    VISIBLE = slicer.vtkMRMLSegmentEditorNode.OverwriteVisibleSegments, "Visible segments"
    ALL = slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments, "All segments"
