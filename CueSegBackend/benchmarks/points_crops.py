"""Images of `points_training.py`: crops around the target, as the seven-point paper's own data are prepared."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813

from cueseg.datasets.entries import Entry

# (slices, rows, cols) around the middle of the target: six times an organ's diameter across, as in the paper's crops.
SHAPES = {"brainstem": (40, 32, 32), "parotid": (40, 32, 56)}
PATCHES = {"brainstem": [32, 24, 24], "parotid": [32, 24, 48]}  # of these crops, for training


def write_crop(item: Entry, folder: Path, parts: list[str], shape: tuple[int, int, int]) -> Entry | None:
    """Write image and labels of an entry, cut around its target; None where a part has no voxel.

    Args:
        item: With paths from the working directory.
        folder: Takes the files, and exists.
        parts: Classes of the entry that make up the target.
        shape: (slices, rows, cols) of the crop; it is cut off where the image ends.

    Returns:
        The entry of the crop.
    """
    labels = sitk.ReadImage(item["labels"])
    array = sitk.GetArrayViewFromImage(labels)
    masks = [np.isin(array, item["classes"].get(name, ())) for name in parts]
    if not all(mask.any() for mask in masks):
        return None
    voxels = np.argwhere(np.any(masks, axis=0))
    middle = (voxels.min(axis=0) + voxels.max(axis=0) + 1) // 2
    low = np.clip(middle - np.array(shape) // 2, 0, array.shape)
    high = np.minimum(low + shape, array.shape)
    cut = {}
    for name, whole in (("image", sitk.ReadImage(item["image"])), ("labels", labels)):
        path = folder / f"{item['subject']}_{name}.nrrd"
        part = sitk.RegionOfInterest(whole, (high - low)[::-1].tolist(), low[::-1].tolist())
        sitk.WriteImage(part, str(path), useCompression=True)
        cut[name] = str(path)
    return {**item, **cut}
