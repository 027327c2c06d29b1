"""Decoded images in one file: how it is written and read.

A folder holds ``images.npy``, uint8 ``(N, H, W, C)``, and ``index.json`` with the
annotations, the classes and how the images were made.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from ..errors import DataError, DataNotFoundError
from ..structures.class_lists import checked_names, shortened
from .annotations import read_data
from .folders import tree

__all__ = ['IMAGES', 'INDEX', 'PackWriter', 'open_images', 'read_index']

IMAGES = 'images.npy'
INDEX = 'index.json'
_VERSION = 1
_HEADER = 128  # bytes, a multiple of 64


def _header(shape: Sequence[int]) -> bytes:
    """The beginning of a .npy file, of one length whatever the shape is."""
    text = str(dict(descr='|u1', fortran_order=False, shape=tuple(shape)))
    size = _HEADER - 10
    begin = b'\x93NUMPY\x01\x00' + struct.pack('<H', size)
    return begin + f'{text:<{size - 1}}\n'.encode()


class PackWriter:
    """Writes a folder of packed images, which gets its name when it is complete.

    Args:
        folder: The folder, which must not exist or be empty.
        count: How many images will come at most.

    Raises:
        DataError: if there is something in the folder, there is no room for the
            images on the disk, or they differ in size.

    Example:
        >>> with PackWriter('pack', count=1) as writer:
        ...     writer.add(np.zeros((4, 6, 3), np.uint8), dict(gt_label=1))
        ...     writer.finish(classes=['cat', 'dog'])
        >>> open_images('pack').shape, read_index('pack')['classes']
        ((1, 4, 6, 3), ['cat', 'dog'])
    """

    def __init__(self, folder: str | Path, count: int) -> None:
        self.folder = Path(folder)
        self.count = count
        self.samples: list[dict] = []
        self._shape: tuple[int, ...] | None = None
        self._part = self.folder.with_name(f'.{self.folder.name}.{os.getpid()}.part')
        self._file: BinaryIO | None = None
        if self.folder.exists() and any(self.folder.iterdir()):
            raise DataError(
                f'{self.folder} is not empty; remove it, or name another folder'
            )

    def __enter__(self) -> PackWriter:
        try:
            self._part.mkdir(parents=True)
            self._file = (self._part / IMAGES).open('wb')
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        shutil.rmtree(self._part, ignore_errors=True)

    def add(self, image: np.ndarray, sample: Mapping[str, Any]) -> None:
        """Append an image with its annotation.

        Args:
            image: ``(H, W, C)``, uint8.
            sample: The annotation, of plain values.
        """
        if self._shape is None:
            self._begin(image)
        if image.shape != self._shape or image.dtype != np.uint8:
            name = sample.get('img_path') or f'number {len(self.samples)}'
            raise DataError(
                'packed images are uint8 and of one size, but the first one is '
                f'{self._shape} and {name} is {image.shape}, {image.dtype}; crop them '
                'to a square, or give them a fixed size'
            )
        try:
            self._file.write(np.ascontiguousarray(image).data)
        except OSError as error:
            raise self._unwritable(error) from error
        self.samples.append(dict(sample))

    def _begin(self, image: np.ndarray) -> None:
        self._shape = image.shape
        needed = self.count * image.nbytes
        free = shutil.disk_usage(self._part).free
        if needed > free:
            raise DataError(
                f'{self.count} images of {self._shape} need {needed:,} bytes '
                f'({needed / 2**30:.1f} GiB), but {self.folder.parent} has {free:,} '
                f'({free / 2**30:.1f} GiB) free'
            )
        self._file.write(_header((0, *self._shape)))

    def finish(self, classes: Sequence[str] | None = None, **made_by: Any) -> None:
        """Complete the folder, and give it its name.

        Args:
            classes: Names of the classes.
            made_by: How the images were made, for the reader.
        """
        if self._shape is None:
            raise DataError(f'there is no image to pack into {self.folder}')
        index = dict(
            version=_VERSION,
            shape=[len(self.samples), *self._shape],
            classes=None if classes is None else list(classes),
            made_by=made_by,
            samples=self.samples,
        )
        try:
            self._file.seek(0)
            self._file.write(_header(index['shape']))
            self._file.close()
            (self._part / INDEX).write_text(json.dumps(index), encoding='utf-8')
            if self.folder.exists():
                self.folder.rmdir()
            self._part.rename(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> DataError:
        return DataError(
            f'cannot write {self.folder}: {error.strerror or error}; make room or give '
            'permission, or name another folder'
        )


def read_index(folder: str | Path) -> dict[str, Any]:
    """What ``index.json`` says.

    Raises:
        DataNotFoundError: if there is none.
        DataError: if it is damaged, or of a later version.
    """
    path = Path(folder, INDEX)
    if not path.is_file():
        raise DataNotFoundError(
            f'{folder} holds no packed images; make them with mmlite pack-dataset\n'
            f'  expected {INDEX} and {IMAGES} in it\n  found    {tree(folder)}'
        )
    try:
        index = read_data(path)
    except DataError as error:
        raise _damaged(path, str(error)) from error
    version = index.get('version') if isinstance(index, dict) else None
    if type(version) is int and version > _VERSION:
        raise DataError(
            f'{path} is of version {version}, this mmlite reads {_VERSION}; pack again'
        )
    _check_index(index, path)
    return index


def _check_index(index: Any, path: Path) -> None:
    """Check that an index is what :class:`PackWriter` writes."""
    if not isinstance(index, dict) or index.get('version') != _VERSION:
        raise _damaged(path, f'it has no version {_VERSION}')
    shape, samples = index.get('shape'), index.get('samples')
    if (
        not isinstance(shape, list)
        or len(shape) not in (3, 4)
        or not all(type(size) is int and 0 < size < 2**40 for size in shape)
    ):
        raise _damaged(path, f'its shape is {shortened(shape)}')
    if not isinstance(samples, list) or not all(isinstance(s, dict) for s in samples):
        raise _damaged(path, 'its samples are not a list of dicts')
    if len(samples) != shape[0]:
        raise _damaged(path, f'it has {len(samples)} samples for {shape[0]} images')
    try:
        if index.get('classes') is not None:
            checked_names(index['classes'], 'classes')
    except DataError as error:
        raise _damaged(path, str(error)) from error
    index.setdefault('classes', None)


def open_images(folder: str | Path, shape: Sequence[int] | None = None) -> np.ndarray:
    """The images, ``(N, H, W, C)``, read from the file as they are looked at.

    Args:
        folder: A folder of packed images.
        shape: Their shape, where it is known; the index is not read then.

    Raises:
        DataNotFoundError: if there are none.
        DataError: if the file is damaged.
    """
    path = Path(folder, IMAGES)
    shape = list(shape or read_index(folder)['shape'])
    try:
        with path.open('rb') as file:
            header = file.read(_HEADER)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise DataNotFoundError(f'{path} does not exist; pack again') from error
    except OSError as error:
        raise _damaged(path, str(error)) from error
    if header != _header(shape):
        raise _damaged(path, f'its header is not that of {shape[0]} images {shape[1:]}')
    if size != _HEADER + prod(shape):
        raise _damaged(path, f'it has {size:,} bytes, not {_HEADER + prod(shape):,}')
    images = np.memmap(path, np.uint8, 'r', offset=_HEADER, shape=tuple(shape))
    return images.view(np.ndarray)


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f'{path} is damaged ({reason}); remove its folder and pack again')
