"""Read sequences of frames: arrays in files, or folders of pictures."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from ...errors import DataError
from ...given import absence
from ..folders import Visited, is_hidden, walk
from .base import OR_SKIP
from .decoding import decode_or_none

__all__ = [
    'ARRAY_FILES',
    'PICTURES',
    'folders_below',
    'has_colours',
    'natural',
    'pictures_in',
    'read_array',
    'read_grey',
    'read_pictures',
    'read_sequence',
]

#: Endings of files that hold an array of frames.
ARRAY_FILES = ('.pkl', '.npy', '.npz')
#: Endings of pictures, each of which is a frame.
PICTURES = ('.png', '.jpg', '.jpeg', '.bmp')
#: How far the channels of a grey picture differ on average, as JPEG leaves them.
_GREY_SPREAD = 4

_ARRAY = np.zeros(0, np.uint8)
_ALLOWED: dict[tuple[str, str], Callable] = {
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
    ('_codecs', 'encode'): lambda text, _='latin1': text.encode('latin1'),
    **{
        (f'numpy.{core}.{module}', name): function
        for core in ('core', '_core')
        for module, name, function in (
            ('multiarray', '_reconstruct', _ARRAY.__reduce__()[0]),
            ('numeric', '_frombuffer', _ARRAY.__reduce_ex__(5)[0]),
        )
    },
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f'it asks for {module}.{name}, which an array of frames does not need; '
                'nothing was executed'
            )
        return _ALLOWED[module, name]


def natural(name: str) -> list:
    """What file names are sorted by, so that 2 comes before 10.

    Example:
        >>> sorted(['10.png', '1.png', '2.png'], key=natural)
        ['1.png', '2.png', '10.png']
    """
    parts = re.split(r'(\d+)', name)
    return [int(part) if part.isdigit() else part for part in parts]


def folders_below(folder: str | os.PathLike) -> list[tuple[str, list[str]]]:
    """A folder and all below it in natural order, each with the names of its files.

    Links to folders are followed, but not in circles.
    """

    def order(visited: Visited) -> list:
        return [natural(part) for part in visited.prefix.split('/')]

    return [(found.place, found.files) for found in sorted(walk(folder), key=order)]


def read_array(path: str) -> np.ndarray:
    """The array in a ``.pkl``, ``.npy`` or ``.npz`` file; nothing in it is executed.

    Args:
        path: The file; of an ``.npz`` the only array.

    Raises:
        DataError: if it is damaged, or holds something else.
    """
    try:
        with open(path, 'rb') as file:
            if path.endswith('.pkl'):
                found = _Unpickler(file, encoding='latin1').load()
            else:
                found = np.load(file, allow_pickle=False)
                if not isinstance(found, np.ndarray):
                    (found,) = (found[key] for key in found.files)
    except OSError as error:
        raise DataError(f'{path} cannot be read: {error}') from error
    except Exception as error:  # a damaged pickle can raise anything
        reason = str(error) or type(error).__name__
        raise DataError(
            f'{path} is damaged or holds no array of frames ({reason}); make it again'
            f'{OR_SKIP}'
        ) from error
    numbers = isinstance(found, np.ndarray) and found.dtype.kind in 'biuf'
    if not numbers or not found.ndim:
        shown = f'{type(found).__name__}'
        if isinstance(found, np.ndarray):
            shown = f'an array {found.shape} of {found.dtype}'
        raise DataError(f'{path} holds one array with the frames first, got {shown}')
    return found


def read_grey(path: str) -> np.ndarray:
    """A picture as grey values, ``(H, W)``.

    Raises:
        DataError: if it is absent or damaged.
    """
    data = np.fromfile(path, np.uint8) if os.path.isfile(path) else None
    grey = None
    if data is not None:
        grey = decode_or_none(data, cv2.IMREAD_GRAYSCALE)
    if grey is None:
        damaged = 'is damaged or not a picture; replace or remove it'
        raise DataError(f'{path} {absence(path) if data is None else damaged}')
    return grey


def has_colours(path: str) -> bool:
    """Whether a picture shows more than grey values; False where it cannot be read."""
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return False
    return float(np.ptp(picture, axis=2).mean()) > _GREY_SPREAD


def pictures_in(folder: str | os.PathLike) -> list[str]:
    """Names of the pictures in a folder, in natural order; hidden ones are left out."""
    names = (n for n in os.listdir(folder) if n.lower().endswith(PICTURES))
    return sorted((n for n in names if not is_hidden(n)), key=natural)


def read_pictures(folder: str) -> np.ndarray:
    """The pictures of a folder as grey frames, ``(S, H, W)``, in natural order.

    Raises:
        DataError: if there is none, one cannot be read, or they differ in size.
    """
    names = pictures_in(folder)
    if not names:
        raise DataError(f'{folder} holds no picture ({", ".join(PICTURES)})')
    frames = [read_grey(f'{folder}/{name}') for name in names]
    if len({frame.shape for frame in frames}) > 1:
        shapes = sorted({frame.shape for frame in frames})
        raise DataError(
            f'{folder}: the frames of a sequence have one size, got {shapes}; cut them '
            'with tools/prepare_gait.py'
        )
    return np.stack(frames)


def read_sequence(
    paths: Sequence[str], data_in_use: Sequence[bool] | Sequence[int] | None = None
) -> list[np.ndarray]:
    """The modalities of a sequence, each with the frames first.

    Args:
        paths: Files with an array each, in the order of their names, or one folder of
            pictures.
        data_in_use: Which of them: a boolean for each, or their places in the
            order wanted; all by default.

    Raises:
        DataError: if there are others than expected, or they differ in length.
    """
    chosen = list(paths)
    if data_in_use is not None:
        mask = all(isinstance(use, bool) for use in data_in_use)
        wanted = len(data_in_use) if mask else max(data_in_use) + 1
        if len(paths) < wanted or (mask and len(paths) != wanted):
            raise DataError(
                f'{os.path.dirname(paths[0])}: data_in_use={list(data_in_use)} is for '
                f'{wanted} files, got {[os.path.basename(p) for p in paths]}'
            )
        if mask:
            chosen = [p for p, use in zip(paths, data_in_use, strict=True) if use]
        else:
            chosen = [paths[place] for place in data_in_use]
    # By the ending: to ask for the kind of each file costs as much as to read it.
    found = [
        read_array(p) if p.endswith(ARRAY_FILES) else read_pictures(p) for p in chosen
    ]
    lengths = [len(array) for array in found]
    if len(set(lengths)) > 1:
        shown = ', '.join(
            f'{os.path.basename(p)} {n}' for p, n in zip(chosen, lengths, strict=True)
        )
        raise DataError(
            f'{os.path.dirname(chosen[0])}: the files of a sequence have one number of '
            f'frames, got {shown}'
        )
    if not lengths or not lengths[0]:
        raise DataError(f'{paths[0] if paths else paths}: the sequence has no frame')
    return found
