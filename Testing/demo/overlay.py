"""A picture per organ: the slices side by side, result and reference outlined, the cue below."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

RESULT, REFERENCE, POINT = (80, 220, 60), (0, 200, 255), (60, 60, 255)  # blue, green, red
TILE = 360  # pixels


def write_overlay(path: Path, title: str, clicks: list[Any]) -> None:
    """Write `clicks` (see `demo.Click`) as one PNG: top row the masks, bottom row the confidence maps."""
    rows = np.vstack([np.hstack([_masks(c) for c in clicks]), np.hstack([_cue(c) for c in clicks])])
    banner = np.full((64, rows.shape[1], 3), 255, np.uint8)
    _text(banner, title, (10, 26), 0.8, (0, 0, 0))
    _text(banner, "result", (10, 54), 0.55, RESULT)
    _text(banner, "reference", (90, 54), 0.55, REFERENCE)
    _text(banner, "extreme points", (200, 54), 0.55, POINT)
    if not cv2.imwrite(str(path), np.vstack([banner, rows])):
        raise SystemExit(f"{path} could not be written")


def _masks(click: Any) -> np.ndarray:
    corner, side = _frame(click)
    tile = _tile(click.image, corner, side)
    for mask, colour in ((click.reference, REFERENCE), (click.mask, RESULT)):
        enlarged = _enlarged(mask.astype(np.float32), corner, side, cv2.INTER_NEAREST) >= 0.5
        outlines, _ = cv2.findContours(enlarged.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(tile, outlines, -1, colour, 1, cv2.LINE_AA)
    for x, y in (click.points - corner + 0.5) * (TILE / side):
        cv2.circle(tile, (round(x), round(y)), 4, POINT, -1, cv2.LINE_AA)
    cv2.rectangle(tile, (0, TILE - 26), (190, TILE), (0, 0, 0), -1)
    _text(
        tile,
        f"slice {click.index}  Dice {click.agreement['CueSeg']:.3f}",
        (8, TILE - 10),
        0.5,
        (255, 255, 255),
    )
    return tile


def _cue(click: Any) -> np.ndarray:
    corner, side = _frame(click)
    heat = cv2.applyColorMap(
        (_enlarged(click.cue, corner, side) * 255).astype(np.uint8), cv2.COLORMAP_INFERNO
    )
    return cv2.addWeighted(_tile(click.image, corner, side), 0.45, heat, 0.55, 0)


def _frame(click: Any) -> tuple[np.ndarray, float]:
    """Upper left corner (x, y) and side of the part of the image that is shown."""
    low, high = click.points.min(axis=0), click.points.max(axis=0)
    side = max(24.0, 1.5 * float((high - low).max()))
    return np.floor((low + high) / 2 - side / 2), float(np.ceil(side))


def _enlarged(image: np.ndarray, corner: np.ndarray, side: float, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """The part of `image` as TILE x TILE, black outside."""
    scale = TILE / side
    matrix = np.array(
        [[scale, 0, (0.5 - corner[0]) * scale - 0.5], [0, scale, (0.5 - corner[1]) * scale - 0.5]]
    )
    return cv2.warpAffine(image.astype(np.float32), matrix, (TILE, TILE), flags=how)


def _tile(image: np.ndarray, corner: np.ndarray, side: float) -> np.ndarray:
    return cv2.cvtColor(_enlarged(image, corner, side).clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def _text(
    image: np.ndarray, text: str, where: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(image, text, where, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
