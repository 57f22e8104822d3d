"""Images and segmentations in files: DICOM, NRRD, NIfTI, MetaImage, pictures; slices of them and back.

Coordinates of a slice are plain array indices of the stored volume: x = column, y = row of the slice as it is
stored, an integer is a pixel centre, nothing is flipped. Positions in mm are LPS, as in DICOM and SimpleITK.
"""

from cueseg.image_files.reading import ImageFile, read_image
from cueseg.image_files.segmentation import Segment, Segmentation, check_name
from cueseg.image_files.slices import AXES, ImageSlice, extract_slice, place_mask, slice_count
from cueseg.image_files.writing import check_output, read_segmentation, write_segmentation

__all__ = [
    "AXES",
    "ImageFile",
    "ImageSlice",
    "Segment",
    "Segmentation",
    "check_name",
    "check_output",
    "extract_slice",
    "place_mask",
    "read_image",
    "read_segmentation",
    "slice_count",
    "write_segmentation",
]
