"""What datasets of boxes share, whatever file the boxes come from."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.logging import print_log

from ..errors import DataError, did_you_mean
from ..structures.class_lists import class_mapping, listed
from .base_dataset import BaseDataset
from .label_map import UNUSED
from .storage import compact

__all__ = ['BoxDataset', 'BoxedImage', 'NamedBox', 'image_size_of']


class NamedBox(NamedTuple):
    """One object as it is annotated.

    Args:
        name: Its class.
        box: ``(x1, y1, x2, y2)`` in pixels; edges, so that the width is ``x2 - x1``.
        ignore: Whether it is a crowd or difficult.
        area: Its area; ``None`` is that of the box.
    """

    name: str
    box: tuple[float, float, float, float]
    ignore: bool = False
    area: float | None = None


class BoxedImage(NamedTuple):
    """One image as it is annotated.

    Args:
        img_path: The file.
        objects: What is in it.
        img_id: Its id in the annotations.
        size: Width and height in pixels; None if they are not known.
    """

    img_path: str
    objects: Sequence[NamedBox]
    img_id: Any
    size: tuple[int, int] | None = None


class BoxDataset(BaseDataset):
    """Base of the datasets of boxes.

    Classes are matched by name, so that labels do not depend on the order in a file. A
    box is cut off at the image where its size is known; a box without an area is left
    out, and so is one outside of the image. The log says how many.

    A sample has ``img_path``, ``img_id``, ``height`` and ``width`` (if known),
    ``gt_bboxes`` float32 ``(N, 4)``, ``(x1, y1, x2, y2)`` in pixels,
    ``gt_bboxes_labels`` int64 ``(N, )``, ``gt_ignore_flags`` bool ``(N, )`` (crowd,
    difficult: neither learned nor counted as an error), the names that
    :class:`LoadAnnotations` gives too, and ``gt_area`` float32 ``(N, )``, as annotated.
    Images without objects are samples like others.

    Args:
        filter_cfg: ``filter_empty_gt=True`` leaves out images without an object to
            learn from, ``min_size`` those with a side below; never in a test.
        kwargs: Arguments of :class:`BaseDataset`.

    Override:
        read_images: what is annotated, and the classes of the file.
        places_of_objects: what a message says where there are none.

    Raises:
        DataError: if a class is not in the file, no annotation is of the classes, a box
            is no box, or there is none in the data of a training.
    """

    def read_images(self) -> tuple[list[BoxedImage], Sequence[str]]:
        """The images, and the names of the classes that the file has."""
        raise NotImplementedError

    def load_data_list(self) -> list[dict]:
        """Read the images, and turn names of classes into labels."""
        images, known = self.read_images()
        if self.CLASSES is None:
            self._metainfo['classes'] = tuple(known)
        self._check_classes(images, known)
        places = self.class_to_idx
        dropped: Counter[str] = Counter()
        samples = [self._sample(image, places, dropped) for image in images]
        for reason, count in dropped.items():
            message = f'{type(self).__name__}: {count} boxes {reason} are left out'
            print_log(message, 'current', logging.WARNING)
        return samples

    def places_of_objects(self) -> str:
        """Where objects are looked for, for the message that there are none."""
        return 'those without an area, outside of their image or a crowd do not count'

    def _check_classes(self, images: list[BoxedImage], known: Sequence[str]) -> None:
        counts = Counter(one.name for image in images for one in image.objects)
        total = sum(counts.values())
        names = [name for name, _ in counts.most_common()] or list(known)
        classes = self.CLASSES
        if total and not any(name in counts for name in classes):
            raise DataError(
                f'{type(self).__name__}: 0 of {total} annotations matched the classes '
                f'[{listed(classes)}]; the file has [{listed(names)}]; state these as '
                'classes'
            )
        unknown = [
            name
            for name in classes
            if name not in known and not name.startswith(f'{UNUSED} ')
        ]
        if unknown and self.must_have_all:
            raise DataError(
                f'{type(self).__name__}: the class {unknown[0]!r} is not in '
                f'{self.ann_file or self.data_root}, which has [{listed(known)}]'
                f'{did_you_mean(unknown[0], known)}; correct classes, so that the '
                'labels of the others do not change'
            )

    #: Whether the file lists its classes, so that one which it lacks is a mistake.
    must_have_all = True

    def _sample(
        self, image: BoxedImage, places: dict[str, int], dropped: Counter
    ) -> dict:
        kept = []
        for one in image.objects:
            label = places.get(one.name)
            if label is None:
                continue
            box = _checked(one, image)
            if not (box[2] > box[0] and box[3] > box[1]):
                dropped['without an area'] += 1
                continue
            if image.size is not None:
                box = np.clip(box, 0, [*image.size, *image.size])
                if not (box[2] > box[0] and box[3] > box[1]):
                    dropped['outside of their image'] += 1
                    continue
            area = (box[2] - box[0]) * (box[3] - box[1])
            kept.append(
                (box, label, one.ignore, area if one.area is None else one.area)
            )
        boxes, labels, ignore, areas = zip(*kept, strict=True) if kept else [()] * 4
        sample = dict(img_path=image.img_path, img_id=image.img_id)
        if image.size is not None:
            sample.update(width=image.size[0], height=image.size[1])
        return sample | dict(
            gt_bboxes=np.array(boxes, np.float32).reshape(-1, 4),
            gt_bboxes_labels=np.array(labels, np.int64),
            gt_ignore_flags=np.array(ignore, bool),
            gt_area=np.array(areas, np.float32),
        )

    def filter_data(self) -> Sequence[dict]:
        """Leave out what ``filter_cfg`` says; nothing in a test."""
        wanted = dict(self.filter_cfg or {})
        no_empty = wanted.pop('filter_empty_gt', False)
        least = wanted.pop('min_size', 0)
        if wanted:
            raise DataError(
                f'{type(self).__name__}: filter_cfg has filter_empty_gt and min_size, '
                f'got {sorted(wanted)}'
            )
        if self.test_mode:
            return self.data_list
        kept = [
            sample
            for sample in self.data_list
            if not (no_empty and sample['gt_ignore_flags'].all())
            and min(sample.get('width', least), sample.get('height', least)) >= least
        ]
        if self.data_list and not kept:
            raise DataError(
                f'{type(self).__name__}: filter_cfg={self.filter_cfg} leaves none of '
                f'{len(self.data_list)} images'
            )
        if kept and all(sample['gt_ignore_flags'].all() for sample in kept):
            raise DataError(
                f'{type(self).__name__}: no object to learn from in {len(kept)} images '
                f'of {self.ann_file or self.data_root}; {self.places_of_objects()}'
            )
        return kept

    def use_classes(self, classes: Sequence[str]) -> None:
        """Map the labels to another list of classes, by name."""
        self.full_init()
        mapping = class_mapping(self.CLASSES or (), classes)
        if mapping is not None:
            table = np.array(mapping, np.int64)
            samples = [
                dict(sample, gt_bboxes_labels=table[sample['gt_bboxes_labels']])
                for sample in self.data_list
            ]
            self.data_list = compact(samples) if self._pack else samples
        self._metainfo['classes'] = tuple(classes)

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes in one image."""
        return sorted(set(self.get_data_info(idx)['gt_bboxes_labels'].tolist()))


def _checked(one: NamedBox, image: BoxedImage) -> np.ndarray:
    try:
        box = np.array([float(edge) for edge in one.box])
    except (TypeError, ValueError):
        box = np.full(1, np.nan)
    if box.shape != (4,) or not np.isfinite(box).all():
        raise DataError(
            f'{image.img_path}: the box of a {one.name!r} is {one.box!r}, expected '
            'four finite numbers'
        )
    return box


def image_size_of(path: str) -> tuple[int, int]:
    """Width and height of an image as it is loaded, from the head of its file.

    Raises:
        DataError: if it cannot be read.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            image = Image.open(path)
        with image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) > 4
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f'cannot read the image {path}: {error}') from error
    return (height, width) if turned else (width, height)


_ORIENTATION = 0x0112  # tag of EXIF; from 5 on, height and width are swapped
