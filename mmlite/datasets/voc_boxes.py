"""Boxes from Pascal VOC's XML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..registry import DATASETS
from .annotations import file_exists, is_difficult, read_text, read_xml
from .boxes import BoxDataset, BoxedImage, NamedBox
from .voc import VOC

__all__ = ['VOCDetection']


@DATASETS.register_module()
class VOCDetection(BoxDataset, VOC):
    """Pascal VOC with its boxes; also what labelling tools write in its format.

    Paper: The Pascal Visual Object Classes (VOC) Challenge, IJCV 2010.

    The layout is that of :class:`VOC`. Its pixels count from 1 and boxes hold both
    ends, so that ``(1, 1, 10, 10)`` is the whole of an image of 10x10 pixels, and
    becomes the edges ``(0, 0, 10, 10)``: only the smaller ends move. A box that a tool
    counted from 0 begins at 0 all the same. Difficult objects get ``gt_ignore_flags``.

    Args:
        data_root: The folder of the dataset, e.g. ``data/VOC2007``.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        image_set_path: The list of the images, relative to ``data_root``;
            ``ImageSets/Main/<split>.txt`` if not stated.
        data_prefix: Folders of images and annotations, ``img_path`` and ``ann_path``.
        test_mode: Whether a sample must never be replaced by another.
        metainfo: What the dataset is about; its ``classes`` are the 20 of VOC if
            nothing else is stated.
        kwargs: Arguments of :class:`BoxDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    must_have_all = False  # an XML file names the classes in its image alone

    def read_images(self) -> tuple[list[BoxedImage], Sequence[str]]:
        """The images of the list."""
        lines = read_text(self.image_set_path).split('\n')
        images = [self._image(self._name(line)) for line in lines if line.strip()]
        names = {one.name for image in images for one in image.objects}
        return images, sorted(names)

    def _name(self, line: str) -> str:
        """The name in a line; behind it may be 1 or -1, as in the lists of a class."""
        line = line.strip()
        whole = f'{self.ann_prefix or self.img_prefix}/{line}'
        ending = 'xml' if self.ann_prefix else 'jpg'
        return line if file_exists(f'{whole}.{ending}') else line.split()[0]

    def _image(self, name: str) -> BoxedImage:
        path = f'{self.img_prefix}/{name}.jpg'
        if not self.ann_prefix:
            return BoxedImage(path, (), name)
        source = Path(self.ann_prefix, f'{name}.xml')
        root = read_xml(source)
        stated = root.findtext('filename')
        if stated and not file_exists(path):
            other = f'{self.img_prefix}/{Path(stated).name}'
            path = other if Path(stated).suffix and file_exists(other) else path
        objects = [_object(one, source) for one in root.findall('object')]
        return BoxedImage(path, objects, name, _size(root, source))


def _number(element: Any, path: str, source: Path) -> float:
    text = element.findtext(path)
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f'{source}: {path} is {text!r}, expected a number')
    return number


def _object(element: Any, source: Path) -> NamedBox:
    x1, y1, x2, y2 = (
        _number(element, f'bndbox/{end}', source)
        for end in ('xmin', 'ymin', 'xmax', 'ymax')
    )
    name = element.findtext('name')
    if not name:
        raise DataError(f'{source}: an object has no name')
    box = (max(x1 - 1, 0), max(y1 - 1, 0), x2, y2)
    return NamedBox(name.strip(), box, is_difficult(element))


def _size(root: Any, source: Path) -> tuple[int, int] | None:
    if root.find('size/width') is None:
        return None
    size = tuple(int(_number(root, f'size/{side}', source)) for side in _SIDES)
    return size if min(size) > 0 else None  # some tools write 0 for "unknown"


_SIDES = ('width', 'height')
