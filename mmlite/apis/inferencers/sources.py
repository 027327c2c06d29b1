"""What a user may ask a prediction for: files, folders, patterns, URLs, arrays."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from ...datasets.folders import find_images
from ...errors import DataError, UserError, wrong_choice
from ...given import check_input, is_pattern, is_url
from ...visualization.image import decode_image

__all__ = ['SUFFIXES', 'Source', 'check_loading', 'find_sources', 'in_groups']

#: Endings of files that are taken for images within a folder.
SUFFIXES = (
    '.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.ppm', '.pgm', '.gif',
)  # fmt: skip
#: Modes of PIL images whose bytes are neither grey nor RGB; alpha is left out as of
#: files.
_OTHER_MODES = ('1', 'P', 'PA', 'LA', 'RGBA', 'RGBX', 'CMYK', 'YCbCr', 'HSV', 'LAB')
_LIMIT = 256 * 2**20  # bytes of one download


class Source(NamedTuple):
    """One picture to predict on.

    Args:
        name: Its name in the results.
        path: Its file or URL; empty if it lies in memory.
        array: The picture, RGB or grey, uint8, if it lies in memory.
    """

    name: str
    path: str = ''
    array: np.ndarray | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is a file on this machine."""
        return bool(self.path) and not is_url(self.path)

    def read(self) -> np.ndarray:
        """The picture as RGB, uint8, ``(H, W, 3)``, or grey ``(H, W)`` as given.

        Files are rotated by their EXIF orientation.

        Raises:
            DataError: if it is absent, or no image.
        """
        if self.array is not None:
            return self.array
        image = decode_image(self._coded())
        if image is None:
            raise DataError(f'{self.path} is not an image that can be decoded')
        return image

    def _coded(self) -> np.ndarray:
        try:
            if is_url(self.path):
                coded = np.frombuffer(_download(self.path), np.uint8)
            else:
                coded = np.fromfile(self.path, np.uint8)
        except OSError as error:
            raise DataError(f'cannot read {self.path}: {error}') from error
        if not coded.size:
            raise DataError(f'{self.path} is empty')
        return coded


def find_sources(inputs: Any) -> list[Source]:
    """The pictures that something stands for.

    Args:
        inputs: The path of an image or of a folder (searched with its
            sub-folders, in alphabetical order), a pattern such as
            ``'photos/*.jpg'``, an ``http(s)://`` address, an array ``(H, W)`` or
            ``(H, W, 3)`` in RGB, a tensor ``(3, H, W)``, a PIL image, or a list of
            these.

    Raises:
        DataError: if there is no such file, a folder or pattern has no image, or
            an array is no picture.

    Example:
        >>> find_sources(np.zeros((4, 5, 3), np.uint8))[0].name
        'array'
        >>> find_sources('absent.jpg')
        Traceback (most recent call last):
        mmlite.errors.DataError: there is no file absent.jpg...
    """
    if isinstance(inputs, (list, tuple)):
        found = [source for each in inputs for source in find_sources(each)]
        if not found:
            raise DataError('there is nothing to predict on: the list is empty')
        return _numbered(found)
    if isinstance(inputs, (str, os.PathLike)):
        return list(_of_path(os.fspath(inputs)))
    return [Source('array', array=_as_array(inputs))]


def _numbered(sources: list[Source]) -> list[Source]:
    """With a name of its own for each array."""
    return [
        source._replace(name=f'array_{i}') if source.array is not None else source
        for i, source in enumerate(sources)
    ]


def _of_path(path: str) -> Iterator[Source]:
    if is_url(path):
        yield Source(path, path)
        return
    path = os.path.expanduser(path)
    if os.path.isdir(path):
        yield from _of_folder(path)
    elif os.path.isfile(path):
        yield Source(path, path)
    elif is_pattern(path):
        folder, name = os.path.split(path)
        if os.path.isdir(folder):  # brackets in its own name are no pattern
            folder = glob.escape(folder)
        names = sorted(glob.glob(os.path.join(folder, name), recursive=True))
        yield from _checked([n for n in names if os.path.isfile(n)], path)
    else:
        check_input(path)


def _of_folder(folder: str) -> Iterator[Source]:
    names = find_images(folder, SUFFIXES)
    return _checked([os.path.join(folder, name) for name in names], folder)


def _checked(names: list[str], where: str) -> Iterator[Source]:
    if not names:
        raise DataError(f'{where} holds no image ({", ".join(SUFFIXES)})')
    return (Source(name, name) for name in names)


def _download(address: str) -> bytes:
    from urllib.request import urlopen

    with urlopen(address, timeout=30) as answer:
        data = answer.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise DataError(f'{address} is larger than {_LIMIT // 2**20} MiB')
    return data


def _as_array(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.movedim(0, -1) if value.ndim == 3 else value).numpy()
    if getattr(value, 'mode', '') in _OTHER_MODES:  # of PIL, whose P are indices
        value = value.convert('RGB')
    array = np.asarray(value)
    grey_or_rgb = array.ndim == 2 or array.ndim == 3 and array.shape[2] in (1, 3)
    if not grey_or_rgb or array.dtype != np.uint8 or not array.size:
        raise DataError(
            'a picture in memory is uint8 of shape (H, W) or (H, W, 3), or a tensor '
            f'(3, H, W); got {array.dtype} of shape {array.shape}'
        )
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def in_groups(sources: Iterable[Source], size: int) -> list[tuple[Source, ...]]:
    """So many sources each, e.g. the two views of a stereo pair.

    Raises:
        DataError: if some are left over.

    Example:
        >>> in_groups([Source('l', 'l'), Source('r', 'r')], 2)[0][1].name
        'r'
    """
    sources = list(sources)
    if len(sources) % size:
        raise DataError(
            f'this model takes {size} images at a time, got {len(sources)}; name '
            f'{size}, {2 * size}, ... of them'
        )
    return [tuple(sources[i : i + size]) for i in range(0, len(sources), size)]


def find_groups(inputs: Any, size: int) -> list[tuple[Source, ...]]:
    """The samples that something stands for, so many pictures each.

    As many folders as a sample has pictures give a picture each, by their names:
    ``['pairs/left', 'pairs/right']`` for a stereo network.

    Args:
        inputs: See :func:`find_sources`.
        size: Pictures in a sample.

    Raises:
        DataError: if the pictures of the folders have other names, or some are left
            over.
    """
    folders = _folders(inputs)
    if size == 1 or len(folders) != size:
        return in_groups(find_sources(inputs), size)
    columns = [find_sources(folder) for folder in folders]
    stems = [
        Counter(os.path.splitext(os.path.relpath(s.path, folder))[0] for s in found)
        for folder, found in zip(folders, columns, strict=True)
    ]
    for folder, found in zip(folders[1:], stems[1:], strict=True):
        if alone := sorted((found - stems[0]) + (stems[0] - found)):
            raise DataError(
                f'{folders[0]} and {folder} hold pictures of the same names; '
                f'{len(alone)} stand in one of them alone, e.g. {alone[0]}'
            )
    return list(zip(*columns, strict=True))


def _folders(inputs: Any) -> list[str]:
    """The inputs, if all of them are folders; else none."""
    if not isinstance(inputs, (list, tuple)):
        return []
    paths = [os.path.expanduser(x) for x in inputs if isinstance(x, (str, os.PathLike))]
    return paths if len(paths) == len(inputs) and all(map(os.path.isdir, paths)) else []


def check_loading(batch_size: int, num_workers: int, on_error: str) -> None:
    """Refuse settings with which nothing can be loaded.

    Raises:
        UserError: if a number is too small, or no integer, or ``on_error`` is neither
            ``'raise'`` nor ``'skip'``.
    """
    for name, number, least in (
        ('batch_size', batch_size, 1),
        ('num_workers', num_workers, 0),
    ):
        if not isinstance(number, int) or number < least:
            raise UserError(
                f'{name} must be an integer of at least {least}, got {number!r}'
            )
    if on_error not in ('raise', 'skip'):
        raise UserError(wrong_choice('on_error', on_error, ('raise', 'skip')))
