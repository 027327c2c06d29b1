"""Read a checkpoint, wherever it lies, without executing what it contains."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_local_rank, is_main_process
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from ...errors import CheckpointError, MissingDependencyError, did_you_mean
from . import unpickler

__all__ = ['load_checkpoint']

#: Under which keys people keep the weights.
_STATE_KEYS = ('state_dict', 'model', 'module', 'model_state', 'model_state_dict')
_BROKEN = (RuntimeError, EOFError, OSError, pickle.UnpicklingError, zipfile.BadZipFile)
_MALFORMED = (*_BROKEN, ValueError, TypeError, KeyError, IndexError, AttributeError)

MapLocation = str | torch.device | Callable | dict | None


def load_checkpoint(
    path: str | Path, map_location: MapLocation = 'cpu'
) -> dict[str, Any]:
    """Read a checkpoint file.

    It may be mmlite's or any other project's. Nothing in it is executed:
    tensors and plain values are read, an object of any other class is replaced
    by an inert placeholder.

    Args:
        path: A ``.pth``-like or ``.safetensors`` file, or an ``http(s)://`` URL;
            what is downloaded stays in torch hub's cache, and is checked if its
            name carries a hash as in ``resnet18-f37072fd.pth``.
        map_location: The device for the tensors, as for ``torch.load``.

    Returns:
        What the file holds; the weights are at the key ``'state_dict'``.

    Raises:
        CheckpointError: if there is no such file, it is damaged, or it holds no
            weights.
        MissingDependencyError: if it takes a package that is not installed.
    """
    source = str(path)
    if source.startswith(('http://', 'https://')):
        file = _download(source)
    else:
        file = Path(source).expanduser()
        _check_present(file)
    if file.suffix == '.safetensors':
        checkpoint = _read_safetensors(file, map_location)
    else:
        checkpoint = _read(file, map_location)
    return _with_state_dict(checkpoint, source)


def _check_present(file: Path) -> None:
    if file.is_file():
        return
    if file.is_dir():
        raise CheckpointError(f'{file} is a folder, not a checkpoint file')
    hint = ''
    if file.parent.is_dir():
        hint = did_you_mean(file.name, [p.name for p in file.parent.iterdir()])
    raise CheckpointError(f'there is no checkpoint {file}{hint}')


def _damaged(file: Path, error: Exception) -> CheckpointError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return CheckpointError(
        f'{file} ({file.stat().st_size:,} bytes) is damaged or no checkpoint: '
        f'{reason}; copy or download it again, or take another one'
    )


def _read(file: Path, map_location: MapLocation) -> Any:
    try:
        return torch.load(file, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError:
        pass  # it may hold other objects than tensors: read below, without them
    except _BROKEN as error:
        if _is_torchscript(file):
            raise CheckpointError(
                f'{file} is a TorchScript program, not a checkpoint; save the '
                'state_dict() of its model'
            ) from error
        raise _damaged(file, error) from error
    try:
        return torch.load(
            file,
            map_location=map_location,
            weights_only=False,
            pickle_module=unpickler,
        )
    except _MALFORMED as error:
        raise _damaged(file, error) from error


def _is_torchscript(file: Path) -> bool:
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.endswith('/constants.pkl') for name in archive.namelist())


def _read_safetensors(file: Path, map_location: MapLocation) -> dict[str, Tensor]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingDependencyError('safetensors', 'io', str(file)) from error
    device = map_location if isinstance(map_location, (str, torch.device)) else 'cpu'
    try:
        return load_file(file, device=str(device))
    except (SafetensorError, OSError) as error:
        raise _damaged(file, error) from error


def _download(url: str) -> Path:
    """The file of a URL in torch hub's cache, fetched once per machine."""
    folder = Path(torch.hub.get_dir(), 'checkpoints')
    name = Path(urlparse(url).path).name
    file = folder / name
    if get_local_rank() == 0 and not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found = re.search(r'-([a-f0-9]{8,})\.', name)
        hash_prefix = found[1] if found else None
        try:
            torch.hub.download_url_to_file(
                url, str(file), hash_prefix, progress=is_main_process()
            )
        except (URLError, OSError, RuntimeError) as error:
            raise CheckpointError(
                f'cannot download {url}: {error}; download it by other means, and '
                'give the path of the file'
            ) from error
    barrier()
    return file


def _with_state_dict(checkpoint: Any, source: str) -> dict[str, Any]:
    if isinstance(checkpoint, unpickler.Placeholder) or not isinstance(
        checkpoint, Mapping
    ):
        what = getattr(checkpoint, 'name', type(checkpoint).__name__)
        raise CheckpointError(
            f'{source} holds an object ({what}) instead of weights; save the '
            'state_dict() of its model'
        )
    checkpoint = dict(checkpoint)
    key = next((k for k in _STATE_KEYS if k in checkpoint), None)
    if key is None:
        if not any(isinstance(v, Tensor) for v in checkpoint.values()):
            keys = ', '.join(map(repr, list(checkpoint)[:8])) or 'nothing'
            raise CheckpointError(f'{source} holds no weights, but {keys}')
        return dict(state_dict=checkpoint)
    state = checkpoint.pop(key)
    if isinstance(state, unpickler.Placeholder) or not isinstance(state, Mapping):
        what = getattr(state, 'name', type(state).__name__)
        raise CheckpointError(
            f'{source} holds an object ({what}) at {key!r} instead of weights; save '
            'the state_dict() of its model'
        )
    return dict(checkpoint, state_dict=state)


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """What mmengine's ``init_cfg=dict(type='Pretrained')`` reads files with."""
    return load_checkpoint(filename, map_location)


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """What mmengine's ``init_cfg=dict(type='Pretrained')`` reads URLs with."""
    return load_checkpoint(filename, map_location)
