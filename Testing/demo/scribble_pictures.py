"""Three slices of a volume with the result outlined and the strokes painted."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

RESULT = (80, 220, 60)  # blue, green, red
CORD = 2
STROKES = {0: (60, 60, 255), CORD: (255, 160, 40)}  # background, spinal cord
TILE = 420  # pixels


def write_picture(path: Path, title: str, image: np.ndarray, item: Any, strokes: np.ndarray) -> None:
    """Write axial, coronal and sagittal slices through the strokes, side by side.

    `item` has the labels (slices, rows, cols) to outline; `strokes` are those of the last round, so that pictures
    before and after show the same slices.
    """
    tiles = [_tile(image, item, strokes, axis) for axis in range(3)]
    banner = np.full((44, sum(tile.shape[1] for tile in tiles), 3), 255, np.uint8)
    _text(banner, title, (10, 28), 0.8, (0, 0, 0))
    for x, text, colour in (
        (330, "result", RESULT),
        (420, "stroke of the cord", STROKES[CORD]),
        (570, "background stroke", STROKES[0]),
    ):
        _text(banner, text, (x, 28), 0.55, colour)
    if not cv2.imwrite(str(path), np.vstack([banner, np.hstack(tiles)])):
        raise SystemExit(f"{path} could not be written")


def _tile(image: np.ndarray, item: Any, strokes: np.ndarray, axis: int) -> np.ndarray:
    others = tuple(other for other in range(3) if other != axis)
    painted = (strokes >= 0).sum(axis=others)
    index = int(painted.argmax())
    upright = slice(None, None, -1 if axis else 1)  # the head on top
    picture, mask, lines = (np.take(a, index, axis=axis)[upright] for a in (image, item.labels, strokes))
    scale = TILE / max(picture.shape)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    grey = cv2.resize((picture.astype(np.float32) + 200) / 450 * 255, size)  # -200..250 HU
    tile = cv2.cvtColor(grey.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    enlarged = cv2.resize((mask == CORD).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(enlarged, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(tile, outlines, -1, RESULT, 1, cv2.LINE_AA)
    for label, colour in STROKES.items():
        stroke = cv2.resize((lines == label).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        tile[stroke > 0] = colour
    frame = np.zeros((TILE, tile.shape[1], 3), np.uint8)
    frame[: tile.shape[0]] = tile
    _text(frame, f"{('axial', 'coronal', 'sagittal')[axis]} {index}", (8, TILE - 10), 0.5, (255, 255, 255))
    return frame


def _text(
    image: np.ndarray, text: str, where: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(image, text, where, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
