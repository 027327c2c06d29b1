"""A matrix of counts as a picture, and as a table of text."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

__all__ = ['draw_matrix', 'matrix_table']

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SCALE = 0.4
_MARGIN = 6  # pixels
_CELL = 36  # pixels, of a matrix whose counts can be read
_SMALL_CELL = 8
_READABLE = 40  # classes
_NAME = 20  # letters


def _names(num_classes: int, classes: Sequence[str] | None) -> list[str]:
    names = map(str, range(num_classes) if classes is None else classes)
    return [n if len(n) <= _NAME else n[: _NAME - 2] + '..' for n in names]


def draw_matrix(counts: np.ndarray, classes: Sequence[str] | None = None) -> np.ndarray:
    """Draw a confusion matrix: the darker a cell, the more of its row is in it.

    Args:
        counts: How many samples, by ground truth (row) and prediction (column).
        classes: Names of the classes; by default their indices.

    Shape:
        counts: ``(K, K)``.
        returns: uint8, RGB, ``(H, W, 3)``.

    Example:
        >>> draw_matrix(np.eye(3, dtype=int), ['a', 'b', 'c']).dtype
        dtype('uint8')
    """
    size = len(counts)
    readable = size <= _READABLE
    cell = _CELL if readable else _SMALL_CELL
    names = _names(size, classes) if readable else []
    margin = _MARGIN * 2 + max((_width(name) for name in names), default=0)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    grey = np.kron(255 - 215 * shares, np.ones((cell, cell)))
    # From white to blue.
    cells = np.stack([grey, grey, np.maximum(grey, 160)], axis=-1).astype(np.uint8)
    length = margin + size * cell
    image = np.full((length, length, 3), 255, np.uint8)
    image[margin:, margin:] = cells
    for i, name in enumerate(names):
        middle = margin + i * cell + cell // 2
        _write(image, name, margin - _MARGIN - _width(name), middle + 4)
    turned = np.ascontiguousarray(np.rot90(image, -1))
    for i, name in enumerate(names):
        right = turned.shape[1] - margin
        _write(turned, name, right + _MARGIN, margin + i * cell + cell // 2 + 4)
    image = np.ascontiguousarray(np.rot90(turned))
    for (row, column), count in np.ndenumerate(counts) if readable else ():
        text = str(count)
        left = margin + column * cell + (cell - _width(text)) // 2
        grey = 255 if shares[row, column] > 0.5 else 0
        _write(image, text, left, margin + row * cell + cell // 2 + 4, grey)
    return image


def _width(text: str) -> int:
    return cv2.getTextSize(text, _FONT, _SCALE, 1)[0][0]


def _write(image: np.ndarray, text: str, left: int, bottom: int, grey: int = 0) -> None:
    where = (left, bottom)
    cv2.putText(image, text, where, _FONT, _SCALE, (grey,) * 3, 1, cv2.LINE_AA)


def matrix_table(counts: np.ndarray, classes: Sequence[str] | None = None) -> str:
    """The confusion matrix as lines of text.

    Args:
        counts: How many samples, by ground truth (row) and prediction (column).
        classes: Names of the classes; by default their indices.

    Shape:
        counts: ``(K, K)``.

    Example:
        >>> print(matrix_table(np.array([[3, 10], [0, 7]]), ['cat', 'dog']))
             cat dog
        cat    3  10
        dog    0   7
    """
    names = _names(len(counts), classes)
    columns = [
        [name, *map(str, column)] for name, column in zip(names, counts.T, strict=True)
    ]
    widths = [max(map(len, column)) for column in columns]
    head = max(map(len, names))
    lines = []
    for first, *rest in zip(['', *names], *columns, strict=True):
        cells = [text.rjust(width) for text, width in zip(rest, widths, strict=True)]
        lines.append(' '.join([first.ljust(head), *cells]))
    return '\n'.join(lines)
