"""What a GPU would be waited for, seen without one."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from mmlite.models.layers import averaged_model

#: Operations of which the host has to know a result: a number, or how many there are.
READS = {
    '_local_scalar_dense',
    '_unique2',
    'bincount',
    'equal',
    'masked_select',
    'nonzero',
    'unique_consecutive',
    'unique_dim',
}
INDEXED = {'index', 'index_put', 'index_put_'}  # by a mask, its places are counted


class Operations(TorchDispatchMode):
    """Counts operations, and those that a GPU would be waited for, on any device."""

    def __init__(self) -> None:
        super().__init__()
        self.all: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        self.all[name] += 1
        if name in READS or name in INDEXED and any(map(_is_mask, args[1])):
            self.reads[name] += 1
        return func(*args, **kwargs or {})


def _is_mask(index: Any) -> bool:
    return index is not None and index.dtype in (torch.bool, torch.uint8)


class _Copies(TorchDispatchMode):
    """Refuses to wait for a copy to the meta device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if func.overloadpacket.__name__ == '_to_copy':
            waits = not args[0].is_meta and out.is_meta
            assert not waits or kwargs.get('non_blocking'), 'a copy is waited for'
        return out


class _Numbers(TorchFunctionMode):
    """Refuses to bring plain numbers to the meta device, which is waited for too."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **kwargs or {})
        if getattr(func, '__name__', '') in ('tensor', 'as_tensor', 'new_tensor'):
            given = args[-1]
            assert isinstance(given, torch.Tensor) or not out.is_meta, (
                f'{func.__name__} of plain numbers waits for the device; see '
                'mmlite.ops.numbers_like'
            )
        return out


@contextlib.contextmanager
def nothing_is_waited_for() -> Any:
    """Fails where code on the meta device would wait for a GPU in its place.

    That device has no data, so that whatever reads a number raises an error.
    """
    autocast = torch.autocast

    def known(device_type: str, *args: Any, **kwargs: Any) -> Any:
        if device_type == 'meta':  # which has none
            return contextlib.nullcontext()
        return autocast(device_type, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, _Copies(), _Numbers():
        patch.setattr(torch, 'autocast', known)
        # Read once, when a training begins.
        patch.setattr(averaged_model._Counter, 'value', lambda self, buffer: 1)
        yield
