"""Write a checkpoint: whole or not at all, and of plain values only."""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from ...errors import CheckpointError

__all__ = ['plain', 'save_checkpoint', 'write_atomically']

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
    path = Path(path)
    content = plain(checkpoint)
    try:
        write_atomically(path, lambda file: torch.save(content, file))
    # torch's zip writer hides what went wrong with the file in a RuntimeError.
    except (OSError, RuntimeError) as error:
        kept = f'; the previous {path.name} is untouched' if path.exists() else ''
        reason = error.__context__ if isinstance(error, RuntimeError) else error
        raise CheckpointError(
            f'cannot write {path}: {reason or error}{kept}; make room and --resume'
        ) from error


def write_atomically(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Let ``write`` fill a file beside ``path``, and then put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def plain(value: Any) -> Any:
    """A copy made of dicts, lists, tuples, tensors on the CPU, and plain values.

    Arrays become tensors, paths strings; anything else becomes its ``repr``.

    Example:
        >>> plain(dict(scores=np.array([1, 2]), best=np.float64(0.5)))
        {'scores': tensor([1, 2]), 'best': 0.5}
    """
    if isinstance(value, np.generic):  # before float, which np.float64 is too
        return value.item()
    if isinstance(value, _AS_IS):
        return value
    if isinstance(value, Tensor):
        return _compact(value)
    if isinstance(value, Mapping):
        items = {plain(k): plain(v) for k, v in value.items()}
        if not isinstance(value, OrderedDict):
            return items
        return _with_metadata(OrderedDict(items), value)
    if isinstance(value, (list, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, tuple):
        return tuple(plain(v) for v in value)
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value) if value.dtype.kind in 'biufc' else value.tolist()
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
