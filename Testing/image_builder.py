"""Small image files for tests: volumes with a bright disc, and DICOM series."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

SHAPE = (6, 48, 64)  # slices, rows, cols; JPEG 2000 needs 32 pixels or more
SPACING = (0.75, 0.5, 2.5)
ORIGIN = (-20.0, 12.5, 100.0)
# (x, y) of the disc's extreme points in every stored slice, and its radius
CENTRE, RADIUS = (30, 22), 12
POINTS = ("18,22", "42,22", "30,10", "30,34")


def disc(shape: tuple[int, int] = SHAPE[1:]) -> NDArray[np.bool_]:
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return (cols - CENTRE[0]) ** 2 + (rows - CENTRE[1]) ** 2 <= RADIUS**2


def disc_volume() -> NDArray[np.int16]:
    """A cylinder of 150 HU in -150 HU, plus the slice number."""
    return (np.where(disc(), 150, -150) + np.arange(SHAPE[0])[:, None, None]).astype(np.int16)


def write_volume(path: Path, array: NDArray, direction: Sequence[float] | None = None) -> sitk.Image:
    """Write a volume with the geometry above, return it as SimpleITK has it."""
    image = sitk.GetImageFromArray(array, isVector=array.ndim == 4)
    image.SetSpacing(SPACING)
    image.SetOrigin(ORIGIN)
    if direction is not None:
        image.SetDirection(direction)
    sitk.WriteImage(image, str(path))
    return image


def rotation(degrees: float) -> tuple[float, ...]:
    """Direction matrix turned about the x axis, that is from axial towards coronal."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (1.0, 0.0, 0.0, 0.0, float(c), float(-s), 0.0, float(s), float(c))


def write_series(
    folder: Path,
    volume: NDArray,
    positions: Sequence[float] | None = None,
    *,
    uid: str = "1.2.826.1",
    modality: str = "CT",
    description: str = "abdomen",
    orientation: str = "1\\0\\0\\0\\1\\0",
    stacking: tuple[float, float, float] = (0.0, 0.0, 1.0),
    compressor: str = "",
) -> None:
    """Write a DICOM series, one file per slice, slice k at `positions[k]` mm along `stacking`."""
    folder.mkdir(exist_ok=True)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    if compressor:
        writer.UseCompressionOn()
        writer.SetCompressor(compressor)
    for number, pixels in enumerate(volume):
        at = positions[number] if positions else number * SPACING[2]
        image = sitk.GetImageFromArray(pixels)
        image.SetSpacing(SPACING[:2])
        tags = {
            "0008|0018": f"{uid}.{number + 1}",
            "0008|0060": modality,
            "0008|103e": description,
            "0020|000d": "1.2.826.0",
            "0020|000e": uid,
            "0020|0013": str(number + 1),
            "0020|0032": "\\".join(f"{o + at * s:g}" for o, s in zip(ORIGIN, stacking, strict=True)),
            "0020|0037": orientation,
        }
        for key, value in tags.items():
            image.SetMetaData(key, value)
        # File names that do not follow the position, as scanners give them.
        writer.SetFileName(str(folder / f"{uid}_{(7 * number) % 11:03d}.dcm"))
        writer.Execute(image)
