"""Segmentation from four extreme points without a network: what the shipped weights have to beat.

Images are (H, W, 3) float32 in 0..255, clicks (4, 2) as (x, y); every function returns a (H, W) bool mask.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import random_walker

from cueseg.confidence import confidence_map
from cueseg.geometry import Box

MARGIN = 8  # pixels of background around the click box that GrabCut and the random walker see
# Confidence from which a pixel is taken as foreground; each method got the values that served it best on val.
GRABCUT_SURE, GRABCUT_LIKELY = 0.95, 0.5
WALKER_SURE, WALKER_BETA = 0.9, 600


def ellipse(image: NDArray[np.float32], clicks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The ellipse inscribed in the click box, which is the best guess without looking at the image."""
    box = Box.around(clicks)
    (x, y), (width, height) = box.centre, box.size
    rows, cols = np.mgrid[: image.shape[0], : image.shape[1]]
    return ((cols - x) / (width / 2)) ** 2 + ((rows - y) / (height / 2)) ** 2 <= 1.0


def grabcut(image: NDArray[np.float32], clicks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """GrabCut (Rother 2004) in the box: certain foreground where the map is high, background outside the box."""
    part, region, inside, cue = _surroundings(image, clicks)
    labels = np.full(inside.shape, cv2.GC_BGD, np.uint8)
    labels[inside] = np.where(cue[inside] >= GRABCUT_LIKELY, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    labels[inside & (cue >= GRABCUT_SURE)] = cv2.GC_FGD
    if not ((labels == cv2.GC_BGD).any() and (labels == cv2.GC_FGD).any()):
        return _placed(inside, image.shape, region)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(part.astype(np.uint8)), labels, None, *models, 5, cv2.GC_INIT_WITH_MASK)
    return _placed(np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)) & inside, image.shape, region)


def walker(image: NDArray[np.float32], clicks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Random walker (Grady 2006): seeds where the map is high, and outside the box."""
    part, region, inside, cue = _surroundings(image, clicks)
    seeds = np.where(inside, 0, 2)
    seeds[inside & (cue >= WALKER_SURE)] = 1
    if not ((seeds == 1).any() and (seeds == 2).any()):
        return _placed(inside, image.shape, region)
    grey = part.mean(axis=-1) / 255.0
    found = random_walker(grey, seeds, beta=WALKER_BETA, mode="bf") == 1
    return _placed(found & inside, image.shape, region)


METHODS = {"ellipse": ellipse, "GrabCut": grabcut, "random walker": walker}


def _surroundings(image: NDArray[np.float32], clicks: NDArray[np.float64]):
    box = Box.around(clicks)
    region = box.pixels(image.shape[:2], MARGIN, MARGIN)
    tight = np.zeros(image.shape[:2], bool)
    tight[box.pixels(image.shape[:2], 0.5, 0.5)] = True
    cue = confidence_map(clicks, image.shape[:2])
    return image[region], region, tight[region], cue[region]


def _placed(
    part: NDArray[np.bool_], shape: tuple[int, ...], region: tuple[slice, slice]
) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], bool)
    mask[region] = part
    return mask
