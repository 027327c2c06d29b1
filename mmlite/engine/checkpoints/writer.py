"""Write a checkpoint: whole or not at all, and of plain values only."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from ...errors import CheckpointError

__all__ = [
    'part_of',
    'plain',
    'remove_leftovers',
    'save_checkpoint',
    'write_atomically',
    'write_checkpoint',
    'write_weights_file',
]

_WRITER = re.compile(r'\.(?P<host>\w+)-(?P<pid>\d+)-[0-9a-f]{8}\.part$')

_AS_IS = (str, int, float, bool, bytes, complex, type(None), torch.dtype, torch.device)


def save_checkpoint(checkpoint: Mapping[str, Any], path: str | Path) -> None:
    """Write a checkpoint that ``torch.load(..., weights_only=True)`` reads.

    The file appears under its name when it is complete and on the disk; if
    writing fails, a file of that name from before is still there.

    Args:
        checkpoint: Tensors and plain values, nested as you like.
        path: Where it goes; the folder is made if needed.

    Raises:
        CheckpointError: if it cannot be written, e.g. because the disk is full.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + '/a.pth'
        >>> save_checkpoint(dict(state_dict=dict(w=torch.ones(2))), path)
        >>> torch.load(path, weights_only=True)['state_dict']['w']
        tensor([1., 1.])
    """
    write_checkpoint(plain(checkpoint), Path(path))


def write_checkpoint(content: Mapping[str, Any], path: Path) -> None:
    """As :func:`save_checkpoint`, for what :func:`plain` has made."""
    write_weights_file(path, lambda file: torch.save(content, file))


def write_weights_file(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """As :func:`write_atomically`; failures are reported in one line.

    Raises:
        CheckpointError: if the file cannot be written.
    """
    try:
        write_atomically(path, write)
    # torch's zip writer hides what went wrong with the file in a RuntimeError.
    except (OSError, RuntimeError) as error:
        kept = f'; the previous {path.name} is untouched' if path.exists() else ''
        reason = error.__context__ if isinstance(error, RuntimeError) else error
        raise CheckpointError(
            f'cannot write {path}: {reason or error}{kept}; make room; a '
            'training goes on with --resume'
        ) from error


def write_atomically(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Let ``write`` fill a file beside ``path``, and then put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    try:
        with open(part, 'xb') as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def part_of(path: Path) -> Path:
    """A name for what is to become a file: it says which process writes it.

    Example:
        >>> part_of(Path('a.pth')).name
        '.a.pth....part'
    """
    writer = f'{_host()}-{os.getpid()}-{secrets.token_hex(4)}'
    return path.with_name(f'.{path.name}.{writer}.part')


def remove_leftovers(folder: str | Path) -> list[str]:
    """Remove what processes that were killed on this machine have half written.

    Args:
        folder: Where checkpoints go.

    Returns:
        The names of what was removed.
    """
    removed = []
    for part in sorted(Path(folder).glob('.*.part')):
        found = _WRITER.search(part.name)
        if found and found['host'] == _host() and not _lives(int(found['pid'])):
            part.unlink(missing_ok=True)
            removed.append(part.name)
    return removed


def _host() -> str:
    return re.sub(r'\W', '_', socket.gethostname())


def _lives(pid: int) -> bool:
    if os.name == 'nt':  # where signal 0 ends a process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of another user
        return True
    return True


def plain(value: Any, of_tensor: Callable[[Tensor], Tensor] | None = None) -> Any:
    """A copy made of dicts, lists, tuples, tensors on the CPU, and plain values.

    Arrays become tensors, paths strings; anything else becomes its ``repr``.

    Args:
        value: What to copy.
        of_tensor: What makes the copy of a tensor; by default one that is on the
            CPU, and all of its memory, stays itself.

    Example:
        >>> plain(dict(scores=np.array([1, 2]), best=np.float64(0.5)))
        {'scores': tensor([1, 2]), 'best': 0.5}
    """
    if isinstance(value, np.generic):  # before float, which np.float64 is too
        return value.item()
    if isinstance(value, _AS_IS):
        return value
    of_tensor = of_tensor or _compact
    if isinstance(value, Tensor):
        return of_tensor(value)
    if isinstance(value, Mapping):
        items = {plain(k): plain(v, of_tensor) for k, v in value.items()}
        if not isinstance(value, OrderedDict):
            return items
        return _with_metadata(OrderedDict(items), value)
    if isinstance(value, (list, set, frozenset)):
        return [plain(v, of_tensor) for v in value]
    if isinstance(value, tuple):
        return tuple(plain(v, of_tensor) for v in value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in 'biufc':
            return value.tolist()
        return of_tensor(torch.as_tensor(value))
    return str(value) if isinstance(value, os.PathLike) else repr(value)


def _compact(tensor: Tensor) -> Tensor:
    """The tensor on the CPU, without what else its storage may hold."""
    tensor = tensor.detach().cpu()
    if tensor.layout != torch.strided or tensor.is_quantized:
        return tensor
    return (
        tensor.clone() if tensor.untyped_storage().nbytes() > tensor.nbytes else tensor
    )


def _with_metadata(copy: OrderedDict, state: OrderedDict) -> OrderedDict:
    """Keep the versions of modules, which ``state_dict()`` adds as an attribute."""
    metadata = getattr(state, '_metadata', None)
    if metadata is not None:
        copy._metadata = plain(metadata)
    return copy
