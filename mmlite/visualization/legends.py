"""Words on pictures: labels of boxes that can be read, legends, scales."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

__all__ = ['BoxLabel', 'disparity_scale', 'fitting', 'with_legend', 'write_labels']

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SIZE = 0.35  # of letters in legends
_LINE = 13  # pixels of a line of a legend
_DARK, _PALE = (40, 40, 40), (255, 255, 255)
_MOST_LINES = 8
#: How many times as large as a label a box is that it may stand in.
_TIMES_LABEL = 3
#: Colours of classes in legends, far from each other and from those of boxes.
_COLOURS = (
    (31, 119, 180),
    (255, 187, 40),
    (148, 103, 189),
    (23, 190, 207),
    (227, 119, 194),
    (140, 86, 75),
    (188, 189, 34),
    (127, 127, 127),
)

Rectangle = tuple[int, int, int, int]


class BoxLabel(NamedTuple):
    """What is written to a box.

    Args:
        box: ``(x1, y1, x2, y2)`` in pixels.
        texts: From the most that could be said to the least, e.g. ``'cat 0.87'`` and
            ``'cat'``, which also stands for the box in a legend.
        colour: Of the box.
    """

    box: Rectangle
    texts: tuple[str, ...]
    colour: tuple[int, int, int]


def write_labels(
    image: np.ndarray, labels: Iterable[BoxLabel], thickness: int = 1
) -> list[tuple[tuple[int, int, int], str]]:
    """Write what can be read, each above, in or below its box, none over another.

    A box whose label has no room gets a mark in the colour of its class instead.

    Args:
        image: RGB, uint8, which is drawn on.
        labels: The first has the first choice.
        thickness: Of the lines of boxes, in pixels.

    Returns:
        The colours and texts that a legend has to explain.
    """
    size = 0.3 + 0.1 * thickness
    taken: list[Rectangle] = []
    unread: list[BoxLabel] = []
    for label in labels:
        options = (
            (text, _room(image, label.box, text, size, taken)) for text in label.texts
        )
        text, place = next(((t, p) for t, p in options if p), ('', None))
        if place is None:
            unread.append(label)
            continue
        taken.append(place)
        x1, y1, x2, y2 = place
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), label.colour, cv2.FILLED)
        where = (x1 + 1, y2 - 2 - _below(size))
        cv2.putText(image, text, where, _FONT, size, _PALE, 1, cv2.LINE_AA)
    names = list(dict.fromkeys(label.texts[-1] for label in unread))
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
    edge = 2 + 2 * thickness
    for label in unread:
        x, y = label.box[2:]
        colour = colours[label.texts[-1]]
        cv2.rectangle(image, (x - edge, y - edge), (x, y), colour, cv2.FILLED)
    return [(colours[name], name) for name in names]


def _room(
    image: np.ndarray,
    box: Rectangle,
    text: str,
    size: float,
    taken: Sequence[Rectangle],
) -> Rectangle | None:
    """Where a text can be read that belongs to a box; None if nowhere.

    In the box it must not cover much of what is in it.
    """
    (width, height), below = cv2.getTextSize(text, _FONT, size, 1)
    width, height = width + 2, height + below + 2
    rows, columns = image.shape[:2]
    large = (box[2] - box[0]) * (box[3] - box[1]) >= _TIMES_LABEL * width * height
    tops = [box[1] - height, box[1], box[3], box[3] - height][:: 1 if large else 2]
    for x in (box[0], box[2] - width):
        x = min(max(x, 0), columns - width)
        for y in tops:
            place = (x, y, x + width, y + height)
            inside = x >= 0 and 0 <= y <= rows - height
            if inside and not any(_overlap(place, other) for other in taken):
                return place
    return None


def _below(size: float) -> int:
    return cv2.getTextSize('g', _FONT, size, 1)[1] - 1


def _overlap(one: Rectangle, two: Rectangle) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def fitting(text: str, width: int) -> str:
    """As much of a text of a legend as fits a width in pixels.

    Example:
        >>> fitting('a word', 500)
        'a word'
    """
    while text and cv2.getTextSize(text, _FONT, _SIZE, 1)[0][0] > width:
        text = text[:-1]
    return text


def with_legend(
    image: np.ndarray, entries: Sequence[tuple[tuple[int, int, int] | None, str]]
) -> np.ndarray:
    """A picture with lines of text below it, on white.

    Args:
        image: RGB, uint8.
        entries: For each line, the colour of the mark before it, if there is one, and
            the text.

    Example:
        >>> with_legend(np.zeros((20, 40, 3), np.uint8), [((255, 0, 0), 'cat')]).shape
        (33, 40, 3)
    """
    if not entries:
        return image
    more = len(entries) - _MOST_LINES
    if more > 0:
        entries = [*entries[:_MOST_LINES], (None, f'and {more} more')]
    width = image.shape[1]
    strip = np.full((_LINE * len(entries), width, 3), 255, np.uint8)
    for line, (colour, text) in enumerate(entries):
        base, start = (line + 1) * _LINE - 4, 2
        if colour is not None:
            cv2.rectangle(strip, (2, base - 7), (9, base), colour, cv2.FILLED)
            start = 13
        shown = fitting(text, width - start)
        cv2.putText(strip, shown, (start, base), _FONT, _SIZE, _DARK, 1, cv2.LINE_AA)
    return np.concatenate([image, strip])


def disparity_scale(height: int, largest: float) -> np.ndarray:
    """A bar of the colours of disparities, with numbers in px, on white.

    Args:
        height: In pixels.
        largest: Disparity at its upper end, in px.

    Shape:
        returns: RGB, uint8, ``(height, W, 3)``.
    """
    values = np.linspace(1, 0, height, dtype=np.float32)[:, None]
    colours = cv2.applyColorMap((values * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    bar = np.broadcast_to(colours[..., ::-1], (height, 10, 3))
    digits = 0 if largest >= 10 else 1
    texts = [f'{share * largest:.{digits}f} px' for share in (1, 0.5, 0)]
    texts = texts if height >= 3 * _LINE else texts[:: 2 if height >= 2 * _LINE else 3]
    width = max(cv2.getTextSize(text, _FONT, _SIZE, 1)[0][0] for text in texts)
    sheet = np.full((height, 10 + 4 + 3 + width + 2, 3), 255, np.uint8)
    sheet[:, 4:14] = bar
    for place, text in enumerate(texts):
        share = place / max(1, len(texts) - 1)
        base = round(9 + share * (height - 12))
        where = (17, min(base, height - 2))
        cv2.putText(sheet, text, where, _FONT, _SIZE, _DARK, 1, cv2.LINE_AA)
    return sheet
