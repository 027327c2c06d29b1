"""Boxes from YOLO's text files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, DataNotFoundError
from ..registry import DATASETS
from ..structures.class_lists import checked_names, shortened
from .annotations import file_exists, read_data, read_text
from .box_units import example_of_corners, warn_of_boxes
from .boxes import BoxDataset, BoxedImage, NamedBox, image_size_of
from .folders import find_images

__all__ = ['YoloDataset']

_ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')


@DATASETS.register_module()
class YoloDataset(BoxDataset):
    """Images with boxes, from a text file an image, as of YOLO.

    ``data.yaml`` says where the images are, and names the classes::

        path: .              # relative to the file
        train: images/train  # a folder, a text file of paths, or a list of these
        val: images/val
        names: [cat, dog]    # or {0: cat, 1: dog}

    The boxes of ``images/train/a.jpg`` are in ``labels/train/a.txt``, a line each:
    class, centre x, centre y, width and height as fractions of the image. Of a polygon
    (class, x, y, x, y, ...) the box around it is taken. An image without such a file
    has no objects. The size of an image is read from its file, rotated by the EXIF
    orientation, as it is when it is loaded.

    Args:
        ann_file: ``data.yaml``, relative to ``data_root``.
        split: ``'train'``, ``'val'`` or ``'test'``; taken from ``test_mode`` if not
            stated.
        test_mode: Whether a sample must never be replaced by another.
        kwargs: Arguments of :class:`BoxDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense, e.g. a class has no name.
    """

    def __init__(
        self,
        ann_file: str = 'data.yaml',
        split: str | None = None,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        self.split = split or ('val' if test_mode else 'train')
        super().__init__(ann_file=ann_file, test_mode=test_mode, **kwargs)

    def read_images(self) -> tuple[list[BoxedImage], Sequence[str]]:
        """The images of the split."""
        content = read_data(self.ann_file)
        if not isinstance(content, dict) or content.get(self.split) is None:
            found = list(content) if isinstance(content, dict) else content
            raise DataError(
                f'{self.ann_file}: expected a dict with names and {self.split!r}, got '
                f'{shortened(found)}'
            )
        names = self._names(content.get('names'))
        if isinstance(content.get('nc'), int) and content['nc'] != len(names):
            raise DataError(
                f'{self.ann_file}: nc is {content["nc"]}, but names has {len(names)} '
                'classes; correct one of them'
            )
        root = Path(self.ann_file).parent / str(content.get('path') or '.')
        places = content[self.split]
        places = places if isinstance(places, list) else [places]
        if not all(isinstance(place, str) for place in places):
            raise DataError(
                f'{self.ann_file}: {self.split} is {shortened(content[self.split])}, '
                'expected a folder, a text file of paths, or a list of these'
            )
        paths = [path for place in places for path in self._paths(root, place)]
        images = [self._image(path, names) for path in paths]
        self._report_units(images)
        return images, names

    def places_of_objects(self) -> str:
        """The text files of boxes, and whether the last of them is there."""
        state = 'has no such box' if file_exists(self._last_file) else 'does not exist'
        return (
            'the boxes of images/train/a.jpg are looked for in labels/train/a.txt; the '
            f'last of these files, {self._last_file}, {state}'
        )

    def _report_units(self, images: Sequence[BoxedImage]) -> None:
        """Say that boxes look like corners, which would train anyhow."""
        example = example_of_corners(images, point=0.5)
        if example is not None:
            numbers = np.divide(example.numbers, [*example.image.size] * 2)
            wanted = (
                f'of {example.image.img_path}; a line of YOLO is class, centre x, '
                'centre y, width, height as fractions of the image'
            )
            what = 'two corners, x1, y1, x2, y2'
            warn_of_boxes(self.ann_file, numbers.tolist(), what, wanted)

    def _names(self, names: Any) -> tuple[str, ...]:
        if isinstance(names, dict):
            if set(names) != set(range(len(names))):
                raise DataError(
                    f'{self.ann_file}: the keys of names are {shortened(list(names))}, '
                    f'expected 0 to {len(names) - 1}'
                )
            names = [names[i] for i in range(len(names))]
        return checked_names(names, f'{self.ann_file}: names')

    def _paths(self, root: Path, place: str) -> list[Path]:
        where = root / place
        if where.is_dir():
            return sorted(where / name for name in find_images(where, _ENDINGS))
        if where.suffix == '.txt' and file_exists(where):
            lines = read_text(where).split('\n')
            return [root / line.strip() for line in lines if line.strip()]
        raise DataNotFoundError(
            f'{self.ann_file}: {self.split} is {place!r}, but {where} is neither a '
            'folder nor a text file of paths'
        )

    def _image(self, path: Path, names: Sequence[str]) -> BoxedImage:
        size = image_size_of(str(path))
        parts = list(path.parts)
        if 'images' in parts:  # the last one is replaced, as YOLO does
            parts[len(parts) - 1 - parts[::-1].index('images')] = 'labels'
        source = Path(*parts).with_suffix('.txt')
        self._last_file = source
        lines = read_text(source).split('\n') if file_exists(source) else []
        objects = [
            _object(line, f'{source}:{place + 1}', names, size)
            for place, line in enumerate(lines)
            if line.strip()
        ]
        return BoxedImage(str(path), objects, path.stem, size)


def _object(
    line: str, where: str, names: Sequence[str], size: tuple[int, int]
) -> NamedBox:
    words = line.split()
    try:
        first, *numbers = map(float, words)
    except ValueError:
        raise DataError(f'{where}: expected numbers, got {line.strip()!r}') from None
    if not first.is_integer():
        raise DataError(
            f'{where}: the class is {words[0]}, expected an integer; a line is class, '
            'centre x, centre y, width, height'
        )
    label = int(first)
    if not 0 <= label < len(names):
        raise DataError(
            f'{where}: the class {label} has no name; names has {len(names)}, so '
            f'classes go from 0 to {len(names) - 1}'
        )
    if len(numbers) == 4:
        x, y, width, height = numbers
        edges = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    elif len(numbers) >= 6 and len(numbers) % 2 == 0:
        xs, ys = numbers[::2], numbers[1::2]
        edges = (min(xs), min(ys), max(xs), max(ys))
    else:
        raise DataError(
            f'{where}: expected a class and 4 numbers, or the points of a polygon, got '
            f'{len(words)} words'
        )
    if max(map(abs, numbers)) > 2:
        raise DataError(
            f'{where}: {max(numbers, key=abs)} is not a fraction of the image; boxes '
            'are written as fractions of its width and height'
        )
    return NamedBox(names[label], tuple(e * size[i % 2] for i, e in enumerate(edges)))
