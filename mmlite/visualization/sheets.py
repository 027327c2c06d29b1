"""Pictures in rows and columns, with a word above each."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .image import as_rgb

__all__ = ['captioned', 'labelled_sheet', 'side_by_side']

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_LINE = 18  # pixels of a line of text
_GAP = 8  # pixels between pictures
_SIZE, _LEAST_SIZE = 0.4, 0.25  # of letters
_INK = (40, 40, 40)


def labelled_sheet(
    rows: Sequence[Sequence[tuple[str, np.ndarray]]], height: int = 160
) -> np.ndarray:
    """Rows of pictures, all of one height, with a text above each.

    Args:
        rows: For each row, the texts and pictures from left to right.
        height: Of each picture, in pixels.

    Shape:
        returns: RGB, uint8, on white.

    Example:
        >>> sheet = labelled_sheet([[('a', np.zeros((4, 8))), ('b', np.zeros((4, 4)))]])
        >>> sheet.shape
        (194, 504, 3)
    """
    strips = [
        np.concatenate([_tile(text, image, height) for text, image in row], axis=1)
        for row in rows
        if row
    ]
    width = max((strip.shape[1] for strip in strips), default=1)
    sheet = [
        np.pad(s, ((0, 0), (0, width - s.shape[1]), (0, 0)), constant_values=255)
        for s in strips
    ]
    whole = np.concatenate(sheet) if sheet else np.zeros((1, 1, 3), np.uint8)
    border = ((_GAP, 0), (_GAP, 0), (0, 0))
    return np.pad(whole, border, constant_values=255)


def _tile(text: str, image: np.ndarray, height: int) -> np.ndarray:
    image = as_rgb(image)
    scale = height / image.shape[0]
    width = max(1, round(image.shape[1] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    picture = cv2.resize(image, (width, height), interpolation=way)
    tile = np.full((height + _LINE + _GAP, width + _GAP, 3), 255, np.uint8)
    shown = text
    while shown and cv2.getTextSize(shown, _FONT, _SIZE, 1)[0][0] > width:
        shown = shown[:-1]
    cv2.putText(tile, shown, (0, _LINE - 5), _FONT, _SIZE, _INK, 1, cv2.LINE_AA)
    tile[_LINE : _LINE + height, :width] = picture
    return tile


def captioned(image: np.ndarray, lines: Sequence[str]) -> np.ndarray:
    """A picture with lines of text above it.

    A line that is too long is written smaller, then without what it begins with.

    Args:
        image: The picture, ``(H, W)`` or ``(H, W, 1 or 3)``.
        lines: The lines.

    Shape:
        returns: RGB, uint8, ``(H + 18 * len(lines), W, 3)``, the text on white.

    Example:
        >>> captioned(np.zeros((40, 90)), ['a.png', '512 numbers']).shape
        (76, 90, 3)
    """
    image = as_rgb(image)
    width = image.shape[1]
    strip = np.full((_LINE * len(lines), width, 3), 255, np.uint8)
    for row, line in enumerate(lines, 1):
        whole = max(cv2.getTextSize(line, _FONT, _SIZE, 1)[0][0], 1)
        size = max(min(_SIZE, _SIZE * width / whole), _LEAST_SIZE)
        while line and cv2.getTextSize(line, _FONT, size, 1)[0][0] > width + 1:
            line = line[1:]
        place = (0, _LINE * row - 5)
        cv2.putText(strip, line, place, _FONT, size, _INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, image])


def side_by_side(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures beside each other, all as high as the highest.

    Shape:
        pictures: ``(H, W)`` or ``(H, W, 1 or 3)`` each; returns: RGB, uint8.

    Example:
        >>> side_by_side([np.zeros((4, 4)), np.zeros((2, 3))]).shape
        (4, 10, 3)
    """
    height = max(picture.shape[0] for picture in pictures)
    scaled = []
    for picture in map(as_rgb, pictures):
        width = max(1, round(picture.shape[1] * height / picture.shape[0]))
        way = cv2.INTER_NEAREST
        scaled.append(cv2.resize(picture, (width, height), interpolation=way))
    return np.concatenate(scaled, axis=1)
