"""Choices of the panel; each combo box shows the labels."""

from __future__ import annotations

from enum import Enum

import slicer


class Modality(Enum):
    """What the volume holds; the values are those of `cueseg.intensity.MODALITIES`."""

    CT = "ct"
    MR = "mr"
    GREY = "grey"
    COLOR = "rgb"

    def label(self) -> str:
        """Text in the combo box."""
        return {"ct": "CT", "mr": "MR", "grey": "Other gray-scale image", "rgb": "Color image"}[self.value]


class Overwrite(Enum):
    """What happens to other segments under the mask; the values are those of the Segment Editor's node."""

    NONE = slicer.vtkMRMLSegmentEditorNode.OverwriteNone
    VISIBLE = slicer.vtkMRMLSegmentEditorNode.OverwriteVisibleSegments
    ALL = slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments

    def label(self) -> str:
        """Text in the combo box."""
        return {"NONE": "Allow overlap", "VISIBLE": "Visible segments", "ALL": "All segments"}[self.name]
