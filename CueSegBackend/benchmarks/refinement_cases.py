"""The data sets on which corrections are measured: each yields networks, images and what is true of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.intensity import as_grey
from cueseg.networks.deepbrain import convert_deepbrain
from cueseg.networks.loading import load_network
from cueseg.networks.network import SegmentationNetwork
from cueseg.scribbles import GrowthOptions, SimulationOptions, default_threshold
from cueseg.scribbles.simulated_user import UNKNOWN
from cueseg.training.cases import Case as Labelled
from cueseg.training.cases import read_manifest


@dataclass(frozen=True)
class Case:
    """One image to be corrected.

    Attributes:
        name: of the image.
        network: that is corrected.
        image: what the network takes, (rows, cols) or (slices, rows, cols).
        seen: the image that methods without a network work on; has the colours that the network does not take.
        truth: labels by the network's class numbers; the one after the last is a new class, -1 is unknown.
        spacing: mm (pixels in micrographs) per voxel.
        modality: as in `cueseg.intensity`.
        classes: names of the foreground classes that are measured, by number.
        user: how the simulated user scribbles.
        growth: how scribbles grow, where they do.
    """

    name: str
    network: SegmentationNetwork
    image: NDArray[Any]
    seen: NDArray[Any]
    truth: NDArray[np.int16]
    spacing: tuple[float, ...]
    modality: str
    classes: dict[int, str]
    user: SimulationOptions
    growth: GrowthOptions


def nuclei(
    manifest: Path, network: str, kind: str = "stained", split: str = "val", crop: int | None = None
) -> Iterator[Case]:
    """Nuclei of one kind of micrograph, for a network that was trained on another kind.

    With `crop`, the square of that many pixels in which the nuclei of the image cover most.
    """
    loaded = load_network(network)
    user = SimulationOptions(max_length=40.0, strokes_per_label=2, separation=5.0)
    if crop is not None:  # fewer nuclei, less work for the user
        user = SimulationOptions(max_length=20.0, separation=5.0)
    for case in read_manifest(manifest, split, {"nuclei"}):
        if kind not in next(iter(case.classes)):
            continue
        part = _fullest(case.labels[0] > 0, crop)
        image, labels = case.image[0][part], case.labels[0][part]
        grey = as_grey(image) if image.ndim == 3 else image.astype(np.float32)
        truth = (labels > 0).astype(np.int16)
        growth = _wide_growth(grey, "rgb", 40.0)
        yield Case(case.subject, loaded, grey, image, truth, (1.0, 1.0), "rgb", {1: "nucleus"}, user, growth)


def _wide_growth(image: NDArray[Any], modality: str, radius: float) -> GrowthOptions:
    """Farther than by default, which on val was better wherever the network is wrong nearly everywhere."""
    threshold = 4 * default_threshold(image, modality)
    return GrowthOptions(threshold, deviation_factor=4.0, max_radius=radius, max_factor=60.0)


def _fullest(mask: NDArray[np.bool_], side: int | None) -> tuple[slice, slice]:
    """The square of a side in which a mask covers most; all of it without a side."""
    if side is None:
        return slice(None), slice(None)
    covered = np.pad(mask.astype(np.int64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    rows, cols = (min(side, length) for length in mask.shape)
    sums = covered[rows:, cols:] - covered[:-rows, cols:] - covered[rows:, :-cols] + covered[:-rows, :-cols]
    row, col = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return slice(int(row), int(row) + rows), slice(int(col), int(col) + cols)


def headneck(
    manifest: Path, network: str, new: str = "larynx", split: str = "val", crop: int | None = None
) -> Iterator[Case]:
    """Head-and-neck CT, for a network that lacks one of the organs: it is the class after its last.

    With `crop`, the cube of that many voxels around the middle of that organ, in patients who have it.
    """
    loaded = load_network(network)
    names = {name: number for number, name in enumerate(loaded.card.classes)} | {
        new: len(loaded.card.classes)
    }
    user = SimulationOptions(max_length=40.0, separation=8.0)
    for case in read_manifest(manifest, split, {"headneck"}):
        organ = np.isin(case.labels, case.classes.get(new, ()))
        if crop is not None and not organ.any():
            continue
        box = _around(organ, crop)
        case = replace(case, image=case.image[box], labels=case.labels[box])
        present = {
            names[name]: name for name, labels in case.classes.items() if np.isin(case.labels, labels).any()
        }
        truth = np.zeros(case.labels.shape, np.int16)
        for number, name in present.items():
            truth[np.isin(case.labels, case.classes[name])] = number
        truth[_unknown(case)] = UNKNOWN
        image = case.image.astype(np.float32)
        growth = GrowthOptions(default_threshold(image, "ct"))
        yield Case(case.subject, loaded, image, image, truth, case.spacing, "ct", present, user, growth)


def _around(organ: NDArray[np.bool_], side: int | None) -> tuple[slice, ...]:
    """The cube of a side around the middle of an organ, moved into the image; all of it without a side."""
    if side is None:
        return (slice(None),) * organ.ndim
    middle = [int(index.mean()) for index in np.nonzero(organ)]
    starts = [max(0, min(m - side // 2, n - side)) for m, n in zip(middle, organ.shape, strict=True)]
    return tuple(slice(start, start + side) for start in starts)


def _unknown(case: Labelled) -> NDArray[np.bool_]:
    """Voxels whose label no class names."""
    known = [label for labels in case.classes.values() for label in labels]
    return (case.labels > 0) & ~np.isin(case.labels, known)


def brains(graph: Path, pairs: list[tuple[Path, Path]], spacing: float) -> Iterator[Case]:
    """Brain extraction in T1 images, resampled to cubes of `spacing` mm: (image, what is brain) files."""
    network = convert_deepbrain(graph)
    user = SimulationOptions(max_length=60.0, strokes_per_label=2, separation=15.0, confirm=True)
    for image_path, brain_path in pairs:
        image = sitk.DICOMOrient(sitk.ReadImage(str(image_path), sitk.sitkFloat32), "LPS")
        brain = sitk.DICOMOrient(sitk.ReadImage(str(brain_path), sitk.sitkFloat32), "LPS") > 0
        size = [int(n * s / spacing) for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)]
        grid = (size, sitk.Transform(), *_interpolated(image, spacing))
        smooth = sitk.SmoothingRecursiveGaussian(image, 0.4 * spacing)
        values = sitk.GetArrayFromImage(sitk.Resample(smooth, *grid)).clip(0)
        share = sitk.Resample(sitk.Cast(brain, sitk.sitkFloat32), *grid)
        truth = (sitk.GetArrayFromImage(share) >= 0.5).astype(np.int16)
        name = image_path.name.split(".")[0]
        growth = _wide_growth(values, "mr", 40.0)
        yield Case(name, network, values, values, truth, (spacing,) * 3, "mr", {1: "brain"}, user, growth)


def _interpolated(image: sitk.Image, spacing: float) -> tuple[Any, ...]:
    """Arguments of `sitk.Resample` after size and transform."""
    return sitk.sitkLinear, image.GetOrigin(), (spacing,) * 3, image.GetDirection()
