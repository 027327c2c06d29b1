"""Pictures of shapes that are drawn: detection without a download."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from ..errors import check_at_least, check_choice
from ..registry import DATASETS
from ..structures.class_lists import class_mapping
from .base_dataset import BaseDataset

__all__ = ['Shapes', 'draw_shapes']

_CLASSES = ('circle', 'square', 'triangle', 'cross', 'ring')
_CORNERS = np.deg2rad([90, 210, 330])  # of the triangle
_ATTEMPTS = 30
_LEAST_CONTRAST = 0.3
_MOST_COVERED = 0.1


class _Picture(NamedTuple):
    """An image and the shapes in it."""

    img: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    areas: np.ndarray


def draw_shapes(
    seed: int | tuple[int, ...], size: int = 128, most: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A picture of 1 to ``most`` shapes on a noisy background.

    Sizes, places, turns, colours and fillings are drawn, so that a class shows in its
    outline alone; shapes hide little of each other.

    Args:
        seed: The picture.
        size: Height and width in pixels.
        most: Most shapes in a picture.

    Returns:
        The image ``(H, W, 3)``, uint8; boxes ``(N, 4)`` around the visible pixels,
        ``(x1, y1, x2, y2)``; labels ``(N, )``; areas of the visible pixels ``(N, )``.

    Example:
        >>> img, boxes, labels, areas = draw_shapes(7)
        >>> img.shape, boxes.shape[1], len(labels) == len(areas) == len(boxes)
        ((128, 128, 3), 4, True)
    """
    rng = np.random.default_rng(seed)
    picture = _background(rng, size)
    owner = np.full((size, size), -1)
    labels: list[int] = []
    covered = np.zeros(0)
    for _ in range(int(rng.integers(1, most + 1))):
        for _ in range(_ATTEMPTS):
            label = int(rng.integers(len(_CLASSES)))
            mask = _mask(rng, size, label)
            hidden = np.bincount(owner[mask & (owner >= 0)], minlength=len(labels))
            if mask.any() and (hidden <= _MOST_COVERED * covered).all():
                picture[mask] = _filling(rng, picture[mask].mean(axis=0), mask)
                owner[mask] = len(labels)
                labels.append(label)
                covered = np.append(covered, mask.sum())
                break
    picture += rng.normal(0, 0.03, picture.shape)
    img = (picture.clip(0, 1) * 255).round().astype(np.uint8)
    boxes = np.array([_box(owner == i) for i in range(len(labels))], np.float32)
    areas = np.array([(owner == i).sum() for i in range(len(labels))], np.float32)
    return _Picture(img, boxes.reshape(-1, 4), np.array(labels, np.int64), areas)


def _background(rng: np.random.Generator, size: int) -> np.ndarray:
    colour = rng.uniform(0.2, 0.8, 3)
    across, down = rng.uniform(-0.25, 0.25, (2, 3))
    places = np.linspace(-1, 1, size)[:, None]
    picture = colour + places[None] * across + places[:, None] * down
    blocks = rng.normal(0, 0.06, (-(-size // 8), -(-size // 8), 3))
    return picture + blocks.repeat(8, axis=0).repeat(8, axis=1)[:size, :size]


def _mask(rng: np.random.Generator, size: int, label: int) -> np.ndarray:
    """The pixels of a shape, which lies in the picture wholly."""
    radius = rng.uniform(0.07, 0.24) * size
    x0, y0 = rng.uniform(radius, size - radius, 2)
    turn = rng.uniform(-0.5, 0.5)
    at = np.arange(size) + 0.5
    x, y = (at[None] - x0) / radius, (at[:, None] - y0) / radius
    u = x * np.cos(turn) + y * np.sin(turn)
    v = y * np.cos(turn) - x * np.sin(turn)
    name = _CLASSES[label]
    if name == 'circle':
        return x**2 + y**2 < 1
    if name == 'ring':
        distance = x**2 + y**2
        return (distance < 1) & (distance > 0.3)
    if name == 'square':
        return np.maximum(abs(u), abs(v)) < 0.72
    if name == 'cross':
        bar = (abs(u) < 0.25) | (abs(v) < 0.25)
        return bar & (np.maximum(abs(u), abs(v)) < 0.9)
    inside = [np.cos(a + np.pi) * u - np.sin(a + np.pi) * v < 0.5 for a in _CORNERS]
    return np.logical_and.reduce(inside)


def _filling(
    rng: np.random.Generator, behind: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """Colours of the pixels of a shape: plain, stripes or noise."""
    colour = rng.uniform(0, 1, 3)
    while abs(colour - behind).max() < _LEAST_CONTRAST:
        colour = rng.uniform(0, 1, 3)
    kind = rng.integers(3)
    count = int(mask.sum())
    if kind == 0:
        return np.tile(colour, (count, 1))
    if kind == 1:
        rows, columns = np.nonzero(mask)
        angle, wide = rng.uniform(0, np.pi), rng.uniform(3, 8)
        phase = (rows * np.sin(angle) + columns * np.cos(angle)) / wide
        return colour + 0.12 * np.sign(np.sin(2 * np.pi * phase))[:, None]
    return colour + rng.normal(0, 0.1, (count, 3))


def _box(mask: np.ndarray) -> list[int]:
    rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


@DATASETS.register_module()
class Shapes(BaseDataset):
    """Drawn circles, squares, triangles, crosses and rings, with their boxes.

    No picture of the test is seen in training; all depend on the seed alone, and are
    drawn when they are first asked for.

    Args:
        split: ``'train'`` or ``'test'``; taken from ``test_mode`` if not stated.
        num_train: Pictures to train with.
        num_test: Pictures to test with.
        size: Height and width in pixels.
        most: Most shapes in a picture.
        seed: Draws the pictures.
        test_mode: Whether a sample must never be replaced by another.
        kwargs: Arguments of :class:`BaseDataset`.

    Shape:
        img: ``(size, size, 3)``, uint8.
        gt_bboxes: float32 ``(N, 4)``, ``(x1, y1, x2, y2)`` in pixels.
        gt_bboxes_labels: int64 ``(N, )``.
        gt_ignore_flags: bool ``(N, )``, all false.
        gt_area: float32 ``(N, )``, visible square pixels.

    Example:
        >>> shapes = DATASETS.build(dict(type='Shapes', split='test'))
        >>> len(shapes), shapes[0]['gt_bboxes'].shape[1]
        (200, 4)
    """

    METAINFO: ClassVar[dict] = dict(classes=_CLASSES)
    states_size: ClassVar[dict] = {'size': 'hw'}

    def __init__(
        self,
        split: Literal['train', 'test'] | None = None,
        num_train: int = 600,
        num_test: int = 200,
        size: int = 128,
        most: int = 5,
        seed: int = 0,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        split = split or ('test' if test_mode else 'train')
        check_choice(('train', 'test'), split=split)
        check_at_least(1, num_train=num_train, num_test=num_test, size=size, most=most)
        check_at_least(0, seed=seed)
        self.split = split
        self.count = num_train if split == 'train' else num_test
        self.size = size
        self.most = most
        self.seed = seed
        self._drawn: dict[int, _Picture] = {}
        super().__init__(test_mode=test_mode or split == 'test', **kwargs)

    def load_data_list(self) -> list[dict]:
        """What pictures there are."""
        self.use_classes(self.CLASSES)
        return [dict(img_id=place) for place in range(self.count)]

    def get_data_info(self, idx: int) -> dict:
        """A picture, drawn the first time that it is asked for."""
        info = super().get_data_info(idx)
        place = info['img_id']
        if place not in self._drawn:
            key = (self.seed, self.split == 'test', place)
            self._drawn[place] = draw_shapes(key, self.size, self.most)
        one = self._drawn[place]
        return info | dict(
            img=one.img,
            gt_bboxes=one.boxes.copy(),
            gt_bboxes_labels=self._places[one.labels],
            gt_ignore_flags=np.zeros(len(one.labels), bool),
            gt_area=one.areas.copy(),
        )

    def use_classes(self, classes: Sequence[str]) -> None:
        """Map the labels to another list of classes, by name."""
        places = class_mapping(_CLASSES, classes) or range(len(_CLASSES))
        self._places = np.array(places, np.int64)
        self._metainfo['classes'] = tuple(classes)

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes in one picture."""
        return sorted(set(self.get_data_info(idx)['gt_bboxes_labels'].tolist()))
