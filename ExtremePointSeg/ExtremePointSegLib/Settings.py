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


class Filling(Choice):
    """How shapes between slices are made."""

    DISTANCES = "distances", "Signed distances"
    CONTOURS = "contours", "Morphological contours"


class LabelSource(Choice):
    """What the labels of a training set are made of."""

    SEGMENTS = "segments", "Segments"
    CUT = "cut", "Seven points, cut out"
    POINTS = "points", "Seven points, expanded"


class Layout(Choice):
    """Layout of a training set; the values are those of `cueseg.datasets.training_set.LAYOUTS`."""

    NNUNET = "nnunet", "nnU-Net v2"
    MONAI = "monai", "MONAI data list"


class Format(Choice):
    """Files of a training set; the values are their endings."""

    NIFTI = ".nii.gz", "NIfTI"
    NRRD = ".nrrd", "NRRD"


class Dimensions(Choice):
    """What a network that is trained here looks at."""

    SLICES = 2, "2D U-Net, slice by slice"
    VOLUME = 3, "3D U-Net"


class Device(Choice):
    """What a network is trained on."""

    AUTO = "auto", "GPU if there is one"
    CPU = "cpu", "CPU"
    GPU = "cuda", "GPU"
