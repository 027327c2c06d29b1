"""Read a pickle without executing anything that it contains.

The module stands in for ``pickle`` in ``torch.load(..., pickle_module=...)``. It
knows the few functions that rebuild tensors, arrays and plain containers; every
other class or function that a file names, whatever it is, becomes an inert
:class:`Placeholder`.
"""

from __future__ import annotations

import io
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import partial
from typing import IO, Any

import numpy as np
import torch
from torch import _utils as rebuild

__all__ = ['Placeholder', 'Unpickler', 'UnpicklingError', 'load', 'loads']

UnpicklingError = pickle.UnpicklingError


class Placeholder(dict):
    """What stands for an object of a class that is not read.

    It swallows whatever pickle does to it. ``name`` is the class or function
    that the file named, ``state`` what its instance would have been given.
    """

    name = ''

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.args = args
        self.state: Any = None
        self.items_given: list = []

    def __call__(self, *args: Any, **kwargs: Any) -> Placeholder:
        """Take arguments as a function would, and do nothing."""
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, (str, int, float, tuple, type(None))):
            super().__setitem__(key, value)

    def __hash__(self) -> int:
        return id(self)

    def append(self, item: Any) -> None:
        """Take an item as a list would."""
        self.items_given.append(item)

    def extend(self, items: Any) -> None:
        """Take items as a list would."""
        self.items_given.extend(items)

    def add(self, item: Any) -> None:
        """Take an item as a set would."""
        self.items_given.append(item)

    def __repr__(self) -> str:
        return f'<{self.name}, not read>'


def _dtype(*args: Any) -> Any:
    dtype = np.dtype(*args)
    if dtype.hasobject:
        raise UnpicklingError('arrays of Python objects are not read')
    return dtype


def _array(_kind: Any, *_: Any) -> np.ndarray:
    return np.ndarray((0,), np.int8)  # its shape, type and data follow


def _scalar(dtype: Any, data: Any = b'') -> Any:
    if isinstance(data, str):
        data = data.encode('latin1')
    return np.frombuffer(data, dtype=dtype, count=1)[0]


def _array_of_bytes(data: Any, dtype: Any, shape: Any, order: str) -> np.ndarray:
    return np.frombuffer(data, dtype=dtype).reshape(shape, order=order)


def _encode(text: str, encoding: str = 'latin1') -> bytes:
    return text.encode('latin1')


def _counter(counts: Any = ()) -> Counter:
    found: Counter = Counter()
    if isinstance(counts, dict) and not isinstance(counts, Placeholder):
        dict.update(found, counts)
    return found


def _empty_bytes() -> bytes:
    return b''  # others are not written as a call


_SAFE: dict[tuple[str, str], Callable] = {
    **{
        (module, name): function
        for module in ('builtins', '__builtin__')  # the latter up to protocol 2
        for name, function in (
            ('set', set),
            ('frozenset', frozenset),
            ('complex', complex),
            ('bytes', _empty_bytes),
        )
    },
    ('collections', 'OrderedDict'): OrderedDict,
    ('collections', 'Counter'): _counter,
    ('_codecs', 'encode'): _encode,
    ('torch', 'Size'): torch.Size,
    ('torch', 'device'): torch.device,
    ('torch._utils', '_rebuild_tensor'): rebuild._rebuild_tensor,
    ('torch._utils', '_rebuild_tensor_v2'): rebuild._rebuild_tensor_v2,
    ('torch._utils', '_rebuild_parameter'): rebuild._rebuild_parameter,
    ('numpy', 'dtype'): _dtype,
    ('numpy', 'ndarray'): _array,
    **{
        (f'numpy.{core}.multiarray', name): function
        for core in ('core', '_core')
        for name, function in (('_reconstruct', _array), ('scalar', _scalar))
    },
    **{
        (f'numpy.{core}.numeric', '_frombuffer'): _array_of_bytes
        for core in ('core', '_core')
    },
}


def _safe(module: str, name: str) -> Any:
    if (module, name) in _SAFE:
        # A fresh partial: what a file sets on it is gone with it.
        return partial(_SAFE[module, name])
    if module == 'torch' and isinstance(vars(torch).get(name), torch.dtype):
        return vars(torch)[name]
    return type('Placeholder', (Placeholder,), dict(name=f'{module}.{name}'))


class Unpickler(pickle.Unpickler):
    """pickle's reader, with another idea of what a name stands for."""

    def find_class(self, module: str, name: str) -> Any:
        """Look a name up among the harmless ones; never import anything."""
        return _safe(module, name)


def load(file: IO[bytes], **kwargs: Any) -> Any:
    """As ``pickle.load``."""
    return Unpickler(file, **kwargs).load()


def loads(data: bytes, **kwargs: Any) -> Any:
    """As ``pickle.loads``."""
    return load(io.BytesIO(data), **kwargs)
