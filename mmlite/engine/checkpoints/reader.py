"""Read a checkpoint, wherever it lies, without executing what it contains."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import MMLogger
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from ...errors import CheckpointError, MissingDependencyError
from ...given import check_checkpoint, is_url
from ...saved import Placeholder, download
from ...saved.damage import damaged
from ...saved.reading import MapLocation, read_saved
from ..terminal import say

__all__ = ['check_source', 'load_checkpoint']

#: Under which keys people keep the weights.
_STATE_KEYS = ('state_dict', 'model', 'module', 'model_state', 'model_state_dict')
#: Modules whose objects their checkpoints always hold, and nothing here needs.
_UNINTERESTING = ('mmengine.', 'mmcv.')
_SHOWN = 4


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
        CheckpointError: if there is no such file, it is damaged (files below
            2 GB are compared with their checksums), or it holds no weights.
        MissingDependencyError: if it takes a package that is not installed.
    """
    check_source(path)
    source = str(path)
    file = download(source) if is_url(source) else Path(source).expanduser()
    if file.suffix == '.safetensors':
        checkpoint = _read_safetensors(file, map_location)
    else:
        checkpoint = _read(file, map_location)
    return _with_state_dict(checkpoint, source)


def check_source(path: str | Path) -> None:
    """Check that a checkpoint file is there, without reading it; URLs are not asked.

    Raises:
        CheckpointError: if there is no such file.
    """
    if not is_url(str(path)):
        _check_scheme(str(path))
        check_checkpoint(path)


def _check_scheme(source: str) -> None:
    scheme = re.match(r'[a-zA-Z][\w+.-]*://', source)
    if scheme:
        raise CheckpointError(
            f'{source}: {scheme[0]} is not supported; give the path of a file, or an '
            'http:// or https:// URL'
        )


def _read(file: Path, map_location: MapLocation) -> Any:
    checkpoint = read_saved(file, map_location)
    _report_left_out(checkpoint, file)
    return checkpoint


def _report_left_out(checkpoint: Any, file: Path) -> None:
    names = {
        name for name in _left_out(checkpoint) if not name.startswith(_UNINTERESTING)
    }
    if names:
        listed = ', '.join(sorted(names)[:_SHOWN])
        more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
        say(
            MMLogger.get_current_instance(),
            f'left out of {file}: {listed}{more} (objects, not data)',
        )


def _left_out(checkpoint: Any) -> Iterator[str]:
    """The names of the objects within a checkpoint that were not read."""
    todo, seen = [checkpoint], set()  # a pickle may hold itself
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Placeholder):
            yield value.name
        elif isinstance(value, Mapping):
            todo.extend(value.values())
        elif isinstance(value, (list, tuple, set, frozenset)):
            todo.extend(value)


def _read_safetensors(file: Path, map_location: MapLocation) -> dict[str, Any]:
    try:
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingDependencyError('safetensors', 'io', str(file)) from error
    device = map_location if isinstance(map_location, (str, torch.device)) else 'cpu'
    try:
        with safe_open(file, 'pt') as opened:
            said = (opened.metadata() or {}).get('mmlite')
        state = load_file(file, device=str(device))
        return dict(meta=json.loads(said), state_dict=state) if said else state
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(file, error) from error


def _with_state_dict(checkpoint: Any, source: str) -> dict[str, Any]:
    if isinstance(checkpoint, Placeholder) or not isinstance(checkpoint, Mapping):
        raise CheckpointError(
            f'{source} holds an object ({_kind(checkpoint)}) instead of weights; save '
            'the state_dict() of its model'
        )
    checkpoint = dict(checkpoint)
    key = next((k for k in _STATE_KEYS if k in checkpoint), None)
    if key is None:
        if not any(isinstance(v, Tensor) for v in checkpoint.values()):
            keys = ', '.join(map(repr, list(checkpoint)[:8]))
            has = f'it has {keys}' if keys else 'it is an empty dict'
            raise CheckpointError(f'{source} holds no weights; {has}')
        return dict(state_dict=checkpoint)
    state = checkpoint.pop(key)
    if isinstance(state, Placeholder) or not isinstance(state, Mapping):
        raise CheckpointError(
            f'{source} holds an object ({_kind(state)}) at {key!r} instead of weights; '
            'save the state_dict() of its model'
        )
    return dict(checkpoint, state_dict=state)


def _kind(found: Any) -> str:
    """What something is, which may be left out of the file."""
    return found.name if isinstance(found, Placeholder) else type(found).__name__


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """What mmengine's ``init_cfg=dict(type='Pretrained')`` reads files with."""
    return load_checkpoint(filename, map_location)


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """What mmengine's ``init_cfg=dict(type='Pretrained')`` reads URLs with."""
    return load_checkpoint(filename, map_location)
