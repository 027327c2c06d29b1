"""Checkpoints for others: weights alone, with a hash in the name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import Tensor

from ..engine import load_checkpoint
from ..engine.checkpoints import plain, save_checkpoint, write_weights_file
from ..errors import MissingDependencyError, UserError
from ..given import resolved
from .targets import target_file

__all__ = ['publish', 'write_safetensors', 'write_weights']

#: What of ``meta`` stays: how the model is built, and what its classes are.
_KEPT = ('cfg', 'dataset_meta', 'mmlite_version')
_DIGITS = 8
_CHUNK = 1024**2
SAFETENSORS = '.safetensors'


def publish(checkpoint: str | Path, out: str | Path | None = None) -> Path:
    """Write the weights of a training for others.

    Optimizer, schedules, random states and logs are left out; the config and the names
    of the classes stay. The name of the file ends in the first digits of its SHA-256,
    which is checked when the file is loaded from a URL.

    Args:
        checkpoint: The checkpoint of a training, or its work_dir.
        out: The file to write, without its hash, of ``.pth`` or ``.safetensors``, which
            needs that package; by default beside the checkpoint.

    Returns:
        The file, e.g. ``resnet18-1a2b3c4d.pth``.

    Raises:
        CheckpointError: if the checkpoint cannot be read.
        UserError: if no such file can be written, e.g. by its ending.
        MissingDependencyError: if safetensors is asked for and not installed.

    Example:
        >>> import tempfile, torch
        >>> source = Path(tempfile.mkdtemp(), 'epoch_3.pth')
        >>> state = dict(weight=torch.ones(2))
        >>> save_checkpoint(dict(state_dict=state, optimizer=dict(lr=0.1)), source)
        >>> sorted(torch.load(publish(source), weights_only=True))
        ['meta', 'state_dict']
    """
    path = Path(resolved(checkpoint))
    if out is not None:
        out = target_file(out, ('.pth', SAFETENSORS), 'published weights')
    content = load_checkpoint(path)
    target = path if out is None else Path(out)
    suffix = SAFETENSORS if target.suffix == SAFETENSORS else '.pth'
    meta = content.get('meta')
    kept = {k: meta[k] for k in _KEPT if k in meta} if isinstance(meta, dict) else {}
    part = target.with_name(f'{target.stem}.unnamed{suffix}')
    if suffix == SAFETENSORS:
        write_safetensors(content['state_dict'], part, kept)
    else:
        save_checkpoint(dict(meta=kept, state_dict=content['state_dict']), part)
    final = part.with_name(f'{target.stem}-{_digest(part)[:_DIGITS]}{suffix}')
    try:
        return part.replace(final)
    except OSError as error:
        part.unlink()
        raise UserError(f'cannot write {final}: {error.strerror}') from error


def write_weights(state: Mapping[str, Tensor], path: Path, meta: dict) -> Path:
    """Write weights as safetensors where that is installed, else as torch does.

    Args:
        state: The weights.
        path: The file, without its ending.
        meta: What is said of them: ``cfg``, ``dataset_meta``.
    """
    if find_spec('safetensors') is not None:
        file = path.with_name(path.name + SAFETENSORS)
        write_safetensors(state, file, meta)
    else:
        file = path.with_name(path.name + '.pth')
        save_checkpoint(dict(meta=meta, state_dict=state), file)
    return file


def write_safetensors(
    state: Mapping[str, Tensor], path: Path, meta: Mapping[str, Any]
) -> None:
    """Write weights as safetensors, with the config and the classes beside them.

    Raises:
        MissingDependencyError: if safetensors is not installed.
        CheckpointError: if the file cannot be written.
    """
    try:
        from safetensors.torch import save
    except ImportError as error:
        raise MissingDependencyError('safetensors', 'io', str(path)) from error
    # It takes neither views nor tensors that share memory.
    tensors = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in state.items()
        if isinstance(value, Tensor)
    }
    said = {'format': 'pt', 'mmlite': json.dumps(plain(dict(meta)), default=_listed)}
    data = save(tensors, said)
    write_weights_file(path, lambda file: file.write(data))


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, Tensor) else str(value)


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
