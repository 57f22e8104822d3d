"""Small made-up cases for training sets."""

import numpy as np

from cueseg.datasets import TrainingCase
from cueseg.image_files import ImageFile, Segmentation
from ExtremePointSegLib.TrainingSet import addCase

SHAPE = (6, 20, 30)


def make(number, names=("liver", "spleen"), subject="", modality="ct", shape=SHAPE):
    labels = np.zeros(shape, np.uint8)
    for label in range(1, len(names) + 1):
        labels[1:4, 3 * label : 3 * label + 2, 2:9] = label
    values = np.random.default_rng(number).integers(-100, 100, shape).astype(np.int16)
    image = ImageFile(values, (0.8, 0.8, 2.0), name=f"case{number}")
    segmentation = Segmentation.from_labels(labels, names)
    return TrainingCase(f"case{number}", subject or f"patient{number}", image, segmentation, modality)


def grow(folder, cases, layout="nnunet", suffix=".nii.gz"):
    for case in cases:
        found, _ = addCase(folder, case, layout, suffix)
    return found
