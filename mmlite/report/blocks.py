"""What a report is made of: pictures, curves, tables, each plain data."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..visualization import as_rgb, encode_image, resize_image

__all__ = [
    'Block',
    'Curves',
    'Line',
    'Matrix',
    'Picture',
    'Pictures',
    'Ranking',
    'Rankings',
    'Table',
    'block_of',
]

_LONGEST = 480  # pixels of an edge
_SMALL = 96  # a picture up to this is kept as it is, pixel by pixel
_MOST_CLASSES = 40  # of a matrix whose cells are shown
_MOST_MISTAKES = 12


@dataclass
class Picture:
    """A picture, with its caption.

    Args:
        source: A ``data:`` address, which holds the picture.
        caption: What stands below it.
        alt: What is read out in its place.
        mark: ``'right'`` or ``'wrong'``, which frames it; empty for no frame.
        small: Whether it is small, so that its pixels are shown large.
    """

    source: str
    caption: str = ''
    alt: str = ''
    mark: str = ''
    small: bool = False

    @classmethod
    def of(
        cls, image: np.ndarray, caption: str = '', alt: str = '', mark: str = ''
    ) -> Picture:
        """A picture of an array; large ones are made smaller.

        Args:
            image: RGB or grey, ``(H, W)`` or ``(H, W, 1 or 3)``, from 0 to 255.
            caption: See above.
            alt: See above; by default the caption.
            mark: See above.

        Example:
            >>> Picture.of(np.zeros((8, 8)), 'black').source[:22]
            'data:image/png;base64,'
        """
        image = as_rgb(image)
        longest = max(image.shape[:2])
        small = longest <= _SMALL
        if longest > _LONGEST:
            image = resize_image(image, factor=_LONGEST / longest)
        kind = 'png' if small else 'jpeg'
        text = base64.b64encode(encode_image(image, f'.{kind}')).decode()
        source = f'data:image/{kind};base64,{text}'
        return cls(source, caption, alt or caption, mark, small)


@dataclass
class Line:
    """One line of a chart.

    Args:
        name: What it is.
        x: Where its points are.
        y: How high they are; what is no finite number is left out.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass
class Block:
    """Base of what a report shows.

    Args:
        title: Its heading.
        note: A sentence below it.
    """

    title: str
    note: str = ''

    @property
    def kind(self) -> str:
        """Its class, in small letters; says how it is shown."""
        return type(self).__name__.lower()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, which :func:`block_of` reads."""
        return dict(asdict(self), kind=self.kind)


@dataclass
class Pictures(Block):
    """Pictures side by side.

    Args:
        pictures: The pictures.
        columns: How many make a row where there is room; 0 is as many as fit.
    """

    pictures: Sequence[Picture] = ()
    columns: int = 0

    def __post_init__(self) -> None:
        self.pictures = [_made(Picture, each) for each in self.pictures]


@dataclass
class Ranking:
    """What was looked for, and what was found, the best first.

    Args:
        query: What was looked for.
        found: What was found.
    """

    query: Picture
    found: Sequence[Picture] = ()

    def __post_init__(self) -> None:
        self.query = _made(Picture, self.query)
        self.found = [_made(Picture, each) for each in self.found]


@dataclass
class Rankings(Block):
    """Rank lists, one below the other.

    Args:
        rankings: One each.
    """

    rankings: Sequence[Ranking] = ()

    def __post_init__(self) -> None:
        self.rankings = [_made(Ranking, each) for each in self.rankings]


@dataclass
class Matrix(Block):
    """A confusion matrix, see :meth:`of`.

    Args:
        classes: Names of the classes.
        counts: How many samples, by ground truth (row) and prediction (column); empty
            where there are too many classes to be shown.
        mistakes: Ground truth, prediction, how often, and which share of the class,
            the most frequent first.
    """

    classes: Sequence[str] = ()
    counts: Sequence[Sequence[int]] = ()
    mistakes: Sequence[tuple[str, str, int, float]] = ()

    @classmethod
    def of(
        cls, title: str, note: str, classes: Sequence[str], counts: np.ndarray
    ) -> Matrix:
        """A matrix with its most frequent mistakes.

        Args:
            title: Its heading.
            note: A sentence below it.
            classes: Names of the classes.
            counts: See above, ``(classes, classes)``.

        Example:
            >>> Matrix.of('', '', ['a', 'b'], np.array([[3, 1], [0, 2]])).mistakes
            [('a', 'b', 1, 0.25)]
        """
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        wrong = counts - np.diag(np.diag(counts))
        order = np.argsort(-wrong, axis=None, kind='stable')[:_MOST_MISTAKES]
        places = [divmod(int(place), len(classes)) for place in order]
        mistakes = [
            (classes[i], classes[j], int(wrong[i, j]), float(shares[i, j]))
            for i, j in places
            if wrong[i, j]
        ]
        if len(classes) > _MOST_CLASSES:
            return cls(title, note, mistakes=mistakes)
        return cls(title, note, classes, counts.tolist(), mistakes)


@dataclass
class Curves(Block):
    """Lines in one chart.

    Args:
        lines: The lines.
        x_label: What is to the right.
        y_range: Least and largest value that is shown; by default those of the lines.
        key: A name for the same chart of another run.
    """

    lines: Sequence[Line] = ()
    x_label: str = 'iteration'
    y_range: Sequence[float] | None = None
    key: str = ''

    def __post_init__(self) -> None:
        self.lines = [_made(Line, each) for each in self.lines]


@dataclass
class Table(Block):
    """A table.

    Args:
        head: Titles of the columns.
        rows: The rows, as texts.
    """

    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=list)


_KINDS = {
    kind.__name__.lower(): kind for kind in (Pictures, Rankings, Matrix, Curves, Table)
}


def block_of(data: Mapping[str, Any]) -> Block:
    """A block, from what :meth:`Block.to_dict` gives.

    Raises:
        KeyError: if there is no such kind.

    Example:
        >>> table = Table('Losses', head=['a'], rows=[['1']])
        >>> block_of(table.to_dict()) == table
        True
    """
    fields = dict(data)
    return _KINDS[fields.pop('kind')](**fields)


def _made(kind: type, value: Any) -> Any:
    return kind(**value) if isinstance(value, Mapping) else value
