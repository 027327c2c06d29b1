"""A second device without one: what it computes, and what it makes the host wait for.

Tensors on ``'sim'`` hold their values on the CPU. As on a GPU, an operation refuses
tensors of two devices, and the host waits wherever it reads a value, or copies
without ``non_blocking``; each such wait is counted by its place. To import this module
registers the device for the whole process, so tests that need it start one of their
own.
"""

from __future__ import annotations

import traceback
from collections import Counter
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils import backend_registration

aten = torch.ops.aten

#: Waits since it was last cleared, by operation and place.
WAITS: Counter[tuple[str, str]] = Counter()

#: Operations that take tensors of two devices on a GPU too.
_MIXED = {
    aten.copy_.default,
    aten._to_copy.default,
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
}
#: Operations whose result has a size, or is a number, that the host waits for.
_READING = {
    aten._local_scalar_dense.default,
    aten._unique2.default,
    aten.bincount.default,
    aten.equal.default,
    aten.masked_select.default,
    aten.nonzero.default,
    aten.unique_consecutive.default,
    aten.unique_dim.default,
}
_INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
#: Operations that make a tensor; PyTorch's own would change its size afterwards.
_FACTORIES = (
    'arange',
    'arange.start',
    'arange.start_step',
    'eye',
    'eye.m',
    'linspace',
    'randint',
    'randint.low',
    'randperm',
)


class MixedDevicesError(RuntimeError):
    """An operation was given tensors of two devices."""


class SimulatedTensor(Tensor):
    """A tensor on ``'sim'``; its values are in ``raw``."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, raw: Tensor) -> SimulatedTensor:
        there = Tensor._make_wrapper_subclass(
            cls,
            raw.size(),
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            device=torch.device('sim:0'),
        )
        there.raw = raw
        return there

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        return _run(func, args, kwargs or {})

    def __repr__(self) -> str:
        return f'SimulatedTensor({self.raw!r})'

    def tolist(self) -> list:
        _wait('tolist')
        return self.raw.tolist()


class SimulatedDevice(TorchFunctionMode):
    """While it is entered, tensors can be made on ``'sim'`` of values of the host.

    Example:
        >>> with SimulatedDevice():
        ...     torch.tensor([1, 2], device='sim').sum().item()
        3
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is Tensor.new_tensor and isinstance(args[0], SimulatedTensor):
            kwargs = dict(dtype=args[0].dtype, device=args[0].device) | kwargs
            func, args = torch.tensor, args[1:]
        if func in (torch.tensor, torch.as_tensor) and _simulated(kwargs.get('device')):
            device = kwargs.pop('device')
            return func(*args, **kwargs).to(device)
        if func in (Tensor.__getitem__, Tensor.__setitem__):
            args = (args[0], _lists_as_tensors(args[1]), *args[2:])
        return func(*args, **kwargs)


def _lists_as_tensors(index: Any) -> Any:
    """An index whose lists are tensors of the host, as PyTorch takes them."""
    if isinstance(index, list):
        return torch.tensor(index)
    if isinstance(index, tuple):
        return tuple(map(_lists_as_tensors, index))
    return index


def _simulated(device: Any) -> bool:
    return device is not None and torch.device(device).type == 'sim'


def _wait(operation: str) -> None:
    ours = [f for f in traceback.extract_stack() if '/mmlite/' in f.filename]
    place = '' if not ours else f'{ours[-1].filename}:{ours[-1].lineno}'
    WAITS[operation, place.rpartition('/mmlite/')[2]] += 1


def _run(func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Run an operation on the values, and put its results on the device."""
    flat, spec = pytree.tree_flatten((args, kwargs))
    there = [x for x in flat if isinstance(x, SimulatedTensor)]
    here = [x for x in flat if isinstance(x, Tensor) and type(x) is not SimulatedTensor]
    if there and func not in _MIXED and any(x.dim() for x in here):
        shapes = [tuple(x.shape) for x in here]
        raise MixedDevicesError(f'{func}: on the CPU are tensors of {shapes}')
    device = kwargs.get('device')
    stays = bool(there) if device is None else _simulated(device)
    _count(func, args, kwargs, bool(there), stays)
    wrappers = {id(x.raw): x for x in there}
    args, kwargs = pytree.tree_unflatten([_raw(x) for x in flat], spec)
    outs = func(*args, **kwargs)

    def wrapped(out: Any) -> Any:
        if not isinstance(out, Tensor) or not stays:
            return out
        return wrappers[id(out)] if id(out) in wrappers else SimulatedTensor(out)

    return pytree.tree_map(wrapped, outs)


def _raw(x: Any) -> Any:
    if isinstance(x, SimulatedTensor):
        return x.raw
    return torch.device('cpu') if isinstance(x, torch.device) else x


def _count(func: Any, args: tuple, kwargs: dict, there: bool, stays: bool) -> None:
    """Count what the host waits for in an operation."""
    name = func.overloadpacket.__name__
    if func in _READING:
        _wait(name)
    elif func is aten.repeat_interleave.Tensor and kwargs.get('output_size') is None:
        _wait(name)
    elif func is aten._to_copy.default:
        if there != stays and not kwargs.get('non_blocking'):
            _wait(name)
    elif func is aten.copy_.default:
        sides = {isinstance(x, SimulatedTensor) for x in args[:2]}
        if len(sides) == 2 and not (*args, kwargs.get('non_blocking', False))[2]:
            _wait(name)
    elif func in _INDEXING and isinstance(args[0], SimulatedTensor):
        for index in args[1]:
            if isinstance(index, SimulatedTensor) and index.dtype == torch.bool:
                _wait('index by a mask')
            elif isinstance(index, Tensor) and not isinstance(index, SimulatedTensor):
                _wait('index of the host')


class _Backend(backend_registration._DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]


backend_registration._setup_privateuseone_for_python_backend(
    'sim', backend_module=_Backend()
)
_FALLBACK = torch.library.Library('_', 'IMPL')
_FALLBACK.fallback(lambda op, *args, **kwargs: _run(op, args, kwargs), 'PrivateUse1')
_LIBRARY = torch.library.Library('aten', 'IMPL')
for _name in _FACTORIES:
    _packet, _, _overload = _name.partition('.')
    _op = getattr(getattr(aten, _packet), _overload or 'default')
    _LIBRARY.impl(
        _name, lambda *args, _op=_op, **kwargs: _run(_op, args, kwargs), 'PrivateUse1'
    )
