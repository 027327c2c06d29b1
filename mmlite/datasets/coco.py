"""Boxes from COCO's JSON."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from ..errors import DataError
from ..registry import DATASETS
from ..structures.class_lists import checked_names, listed, shortened
from .agreement import ids_of
from .annotations import read_data
from .box_units import example_of_corners, example_of_fractions, warn_of_boxes
from .boxes import BoxDataset, BoxedImage, NamedBox
from .label_map import UNUSED

__all__ = ['CocoDataset']


@DATASETS.register_module()
class CocoDataset(BoxDataset):
    """Images with boxes, from a JSON file of COCO's format.

    Paper: Microsoft COCO: Common Objects in Context, ECCV 2014,
    https://arxiv.org/abs/1405.0312::

        {"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
         "categories": [{"id": 3, "name": "cat"}],
         "annotations": [{"image_id": 1, "category_id": 3, "bbox": [x, y, w, h],
                          "area": 12.5, "iscrowd": 0}]}

    Labels are the places of the classes in ``classes``; without ``classes`` those of
    the file in the order of their ids. The ids of the classes are in ``cat_ids`` of the
    meta information. Crowds, and objects with ``ignore``, get ``gt_ignore_flags``.
    Integers that are written as ``"7"`` or ``7.0`` are read as such.

    Args:
        ann_file: The file, relative to ``data_root``.
        label_is_id: Whether the label of a class is its id less 1, as that of the 90
            outputs of models of TensorFlow's zoo and torchvision; unused ids become
            classes named ``'N/A 12'``.
        kwargs: Arguments of :class:`BoxDataset`.

    Raises:
        DataNotFoundError: if the file is absent.
        DataError: if it makes no sense, e.g. two images have one id.

    Example:
        >>> import json, pathlib
        >>> content = dict(
        ...     images=[dict(id=1, file_name='a.jpg', width=9, height=9)],
        ...     categories=[dict(id=3, name='cat')],
        ...     annotations=[dict(image_id=1, category_id=3, bbox=[1, 2, 3, 4])])
        >>> _ = pathlib.Path('cats.json').write_text(json.dumps(content))
        >>> cats = DATASETS.build(dict(type='CocoDataset', ann_file='cats.json'))
        >>> cats[0]['gt_bboxes'].tolist(), cats.metainfo['cat_ids']
        ([[1.0, 2.0, 4.0, 6.0]], [3])
    """

    def __init__(
        self, ann_file: str = '', label_is_id: bool = False, **kwargs: Any
    ) -> None:
        self.label_is_id = label_is_id
        super().__init__(ann_file=ann_file, **kwargs)

    def read_images(self) -> tuple[list[BoxedImage], Sequence[str]]:
        """The images of the file."""
        if self.label_is_id and self.CLASSES is not None:
            raise DataError(
                'CocoDataset(label_is_id=True) takes the classes of the file; leave '
                'classes out'
            )
        if not self.ann_file:
            raise DataError('CocoDataset reads a JSON file; set ann_file')
        content = read_data(self.ann_file)
        names = self._categories(content)
        images = self._images(content)
        objects: dict[int, list[NamedBox]] = {number: [] for number in images}
        rows = self._rows(content, 'annotations', optional=True)
        for place, row in enumerate(rows):
            where = f'{self.ann_file}: annotations.{place} (id {row.get("id")})'
            image = self._number(row, 'image_id', where)
            category = self._number(row, 'category_id', where)
            for number, known, what in (
                (image, images, 'image'),
                (category, names, 'category'),
            ):
                if number not in known:
                    raise DataError(
                        f'{where}: there is no {what} {number} among the {len(known)} '
                        'of the file'
                    )
            objects[image].append(_object(row, names[category], where))
        found = [
            BoxedImage(
                str(Path(self.img_prefix, row['file_name'])),
                objects[number],
                number,
                _size(row, f'{self.ann_file}: image {number}'),
            )
            for number, row in images.items()
        ]
        self._report_units(found)
        known = [names[number] for number in sorted(names)]
        if self.label_is_id:
            known = [names.get(i, f'{UNUSED} {i}') for i in range(1, max(names) + 1)]
        self._ids = {name: number for number, name in names.items()}
        self._metainfo['cat_ids'] = ids_of(self.CLASSES or known, self._ids)
        return found, known

    def use_classes(self, classes: Sequence[str]) -> None:
        """Let labels be those of another list of classes: a class keeps its id, too."""
        super().use_classes(classes)
        self._metainfo['cat_ids'] = ids_of(classes, self._ids)

    def _rows(self, content: Any, key: str, optional: bool = False) -> list[dict]:
        rows = content.get(key, [] if optional else None) if _is(content) else None
        if not isinstance(rows, list) or not all(map(_is, rows)):
            raise DataError(
                f'{self.ann_file}: expected a dict with the lists images, categories '
                f'and annotations, got {key}={shortened(rows)}'
            )
        return rows

    def _categories(self, content: Any) -> dict[int, str]:
        names: dict[int, str] = {}
        for place, row in enumerate(self._rows(content, 'categories')):
            where = f'{self.ann_file}: categories.{place}'
            number = self._number(row, 'id', where)
            if number in names:
                raise DataError(
                    f'{where}: {row.get("name")!r} has the id {number} of '
                    f'{names[number]!r}; give each an id of its own'
                )
            names[number] = row.get('name')
        checked_names(list(names.values()), f'{self.ann_file}: categories')
        return names

    def _images(self, content: Any) -> dict[int, dict]:
        images: dict[int, dict] = {}
        for place, row in enumerate(self._rows(content, 'images')):
            where = f'{self.ann_file}: images.{place}'
            number = self._number(row, 'id', where)
            if not isinstance(row.get('file_name'), str):
                raise DataError(f'{where}: has no file_name')
            if number in images:
                raise DataError(
                    f'{where}: {row["file_name"]!r} has the id {number} of '
                    f'{images[number]["file_name"]!r}; give each an id of its own'
                )
            images[number] = row
        self._report_repeated(images)
        return images

    def _report_repeated(self, images: dict[int, dict]) -> None:
        """Say which file is that of several images, as each has some of the boxes."""
        ids: dict[str, list[int]] = {}
        for number, row in images.items():
            ids.setdefault(row['file_name'], []).append(number)
        again = {name: numbers for name, numbers in ids.items() if len(numbers) > 1}
        if not again:
            return
        name, numbers = next(iter(again.items()))
        others = f', and {len(again) - 1} more files likewise' if len(again) > 1 else ''
        message = (
            f'{self.ann_file}: {name!r} is the file of {len(numbers)} images, with the '
            f'ids {listed(numbers)}{others}; to each the boxes of the others are '
            'background, so give all boxes of a file one image_id'
        )
        print_log(message, 'current', logging.WARNING)

    def _report_units(self, images: Sequence[BoxedImage]) -> None:
        """Say that boxes look like fractions or corners, which would train anyhow."""
        for example, what in (
            (example_of_fractions(images), 'fractions of the image'),
            (example_of_corners(images), 'two corners, x1, y1, x2, y2'),
        ):
            if example is not None:
                path, size = example.image.img_path, example.image.size
                pixels = f' of {size[0]}x{size[1]} px' if size else ''
                wanted = (
                    f'in {path}{pixels}; a bbox of COCO is x, y, width, height, all of '
                    'them in pixels'
                )
                warn_of_boxes(self.ann_file, example.numbers, what, wanted)

    @staticmethod
    def _number(row: dict, key: str, where: str) -> int:
        """An id, which some tools write as a text or a float."""
        value = row.get(key)
        try:
            if not isinstance(value, bool) and float(value) == int(value):
                return int(value)
        except (TypeError, ValueError, OverflowError):
            pass
        raise DataError(f'{where}: {key} is {shortened(value)}, expected an integer')


def _is(value: Any) -> bool:
    return isinstance(value, dict)


def _object(row: dict, name: str, where: str) -> NamedBox:
    box, area = row.get('bbox'), row.get('area')
    crowd = row.get('iscrowd') or row.get('ignore') or 0
    try:
        if not isinstance(box, (list, tuple)):
            raise TypeError
        x, y, width, height = (float(number) for number in box)
        area = None if area is None else float(area)
        crowd = float(crowd) != 0  # some tools write it as a text
        if area is not None and not 0 <= area < math.inf:
            raise ValueError
    except (OverflowError, TypeError, ValueError):
        raise DataError(
            f'{where}: bbox is {shortened(box)}, area {shortened(area)}, iscrowd '
            f'{shortened(crowd)}; expected [x, y, width, height], a number, and 0 or 1'
        ) from None
    return NamedBox(name, (x, y, x + width, y + height), crowd, area)


def _size(row: dict, where: str) -> tuple[int, int] | None:
    width, height = row.get('width'), row.get('height')
    try:
        size = (int(width), int(height)) if width and height else None
        if size is None or min(size) > 0:
            return size
        raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f'{where}: width is {shortened(width)}, height {shortened(height)}; '
            'expected pixels'
        ) from None
