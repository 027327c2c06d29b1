"""Read what ``torch.save`` wrote, as data alone."""

from __future__ import annotations

import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.utils import digit_version

from ..errors import CheckpointError
from . import unpickler
from .damage import ODD_ARCHIVE, check_archive, damaged, is_archive

__all__ = ['MapLocation', 'read_saved']

#: Before 2.6, torch can be made to execute what a file holds in spite of
#: ``weights_only`` (CVE-2025-32434): there, our own unpickler alone reads.
_WEIGHTS_ONLY_IS_SAFE = digit_version(torch.__version__) >= digit_version('2.6.0')
_BROKEN = (RuntimeError, EOFError, OSError, zipfile.BadZipFile)
#: What the bytes of anything, read as a pickle, end in.
_MALFORMED = (
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)

MapLocation = str | torch.device | Callable | dict | None


def read_saved(file: Path, map_location: MapLocation = 'cpu') -> Any:
    """What a file holds that ``torch.save`` wrote.

    Tensors, plain values and containers of them are read; an object of any other
    class is replaced by an inert :class:`~mmlite.saved.Placeholder`.

    Args:
        file: The file.
        map_location: The device for the tensors, as for ``torch.load``.

    Raises:
        CheckpointError: if it is damaged, or no such file, or there is no such device.
    """
    _check_location(map_location)
    check_archive(file)
    if _is_torchscript(file):  # which torch would run
        raise CheckpointError(
            f'{file} is a TorchScript program, not a checkpoint; save the '
            'state_dict() of its model'
        )
    if _WEIGHTS_ONLY_IS_SAFE:
        try:
            return _torch_load(file, map_location, weights_only=True)
        except _MALFORMED:
            pass  # it may hold other objects than tensors: read below, without them
        except _BROKEN as error:
            raise damaged(file, error) from error
    try:
        return _torch_load(
            file, map_location, weights_only=False, pickle_module=unpickler
        )
    except (*_BROKEN, *_MALFORMED) as error:
        raise damaged(file, error) from error


def _check_location(map_location: MapLocation) -> None:
    """Check that it is one; torch says of others that the file is damaged."""
    try:
        known = not isinstance(map_location, str) or bool(torch.device(map_location))
    except RuntimeError:
        known = False
    kinds = (str, torch.device, dict, type(None))
    if not known or not (isinstance(map_location, kinds) or callable(map_location)):
        raise CheckpointError(
            f"map_location is {map_location!r}, expected a device, e.g. 'cpu' or "
            "'cuda:0'"
        )


def _torch_load(file: Path, map_location: MapLocation, **how: Any) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Detected pickle protocol')
        return torch.load(file, map_location=map_location, **how)


def _is_torchscript(file: Path) -> bool:
    if not is_archive(file):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith('/constants.pkl') for name in archive.namelist())
    except ODD_ARCHIVE as error:
        raise damaged(file, error) from error
