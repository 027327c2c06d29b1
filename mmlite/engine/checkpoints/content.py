"""Check what a checkpoint states about a training."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from numbers import Number, Real
from typing import Any

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from ...errors import CheckpointError
from ...saved import Placeholder

__all__ = [
    'NOT_SAVED',
    'as_it_was',
    'check_meta',
    'count',
    'mapping',
    'not_finite',
    'odd',
    'storable',
]

#: The one key of what stands in a file for an object that is not plain data.
NOT_SAVED = 'not saved'
#: No training is longer, and no counter of Python's iterators goes further.
_MOST = 2**53
_PLAIN = (str, bytes, bool, int, float, complex, type(None), Tensor)
_PLAIN += (torch.dtype, torch.device)


def odd(source: str, place: str, value: Any, expected: str) -> CheckpointError:
    """The error for a value that cannot be right.

    Args:
        source: The file.
        place: Where the value stands in it, e.g. ``'meta.epoch'``.
        value: The value.
        expected: What should be there.

    Example:
        >>> print(odd('a.pth', 'meta.epoch', 'x', 'a whole number'))
        a.pth: meta.epoch is 'x', but should be a whole number; the file is damaged ...
    """
    return CheckpointError(
        f'{source}: {place} is {_shown(value)}, but should be {expected}; the file is '
        'damaged or was changed, so resume another one, or use it as load_from to '
        'start a new training with its weights'
    )


def _shown(value: Any) -> str:
    if isinstance(value, Placeholder):
        return f'an object ({value.name})'
    if isinstance(value, type) and issubclass(value, Placeholder):
        return f'a class or function ({value.name})'
    if isinstance(value, Tensor):
        return f'a tensor of shape {tuple(value.shape)}'
    if isinstance(value, Mapping) and set(value) == {NOT_SAVED}:
        return f'an object that is not plain data ({value[NOT_SAVED]})'
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def mapping(value: Any, source: str, place: str) -> Mapping[str, Any]:
    """The value, if it is a dict.

    Raises:
        CheckpointError: if it is not.
    """
    if not isinstance(value, Mapping) or isinstance(value, Placeholder):
        raise odd(source, place, value, 'a dict')
    return value


def count(value: Any, source: str, place: str, least: int = 0) -> int:
    """The value as an int, if it counts something.

    Raises:
        CheckpointError: if it does not.
    """
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    whole = isinstance(value, Real) and not isinstance(value, bool)
    if whole and math.isfinite(value) and int(value) == value:
        if least <= value <= _MOST:
            return int(value)
    raise odd(source, place, value, f'an integer of at least {least}')


def check_meta(checkpoint: Mapping[str, Any], source: str) -> dict[str, Any]:
    """What a checkpoint says of its training, with counters that are numbers.

    Args:
        checkpoint: What was saved, by mmlite or by mmengine.
        source: The file, for messages.

    Raises:
        CheckpointError: if it holds weights only, or impossible counters.
    """
    meta = checkpoint.get('meta')
    if meta is not None:
        meta = mapping(meta, source, 'meta')
    if not meta or not {'epoch', 'iter'} <= meta.keys():
        raise CheckpointError(
            f'{source} holds weights, but no state of a training; use it as '
            'load_from instead of resuming it'
        )
    meta = dict(meta)
    for key in ('epoch', 'iter'):
        meta[key] = count(meta[key], source, f'meta.{key}')
    for key, least in (('batches_per_epoch', 1), ('dataset_size', 1), ('seed', 0)):
        if meta.get(key) is not None:
            meta[key] = count(meta[key], source, f'meta.{key}', least)
    if not isinstance(meta.get('validating', False), bool):
        raise odd(source, 'meta.validating', meta['validating'], 'True or False')
    if meta.get('dataset_meta') is not None:
        mapping(meta['dataset_meta'], source, 'meta.dataset_meta')
    return meta


@torch.no_grad()
def not_finite(tensors: dict[str, Tensor]) -> str | None:
    """The first of the tensors that holds NaN or an infinite value."""
    known = {n: v for n, v in tensors.items() if not is_lazy(v)}
    values = [v for v in known.values() if v.is_floating_point() and v.numel()]
    if not values:
        return None
    # The device is asked once for all, as sums that are finite have finite parts.
    sums = torch._foreach_norm(values, 1)
    first = sums[0].device
    if torch.stack([s.float().to(first) for s in sums]).isfinite().all():
        return None
    for name, value in known.items():
        if not value.isfinite().all():
            return name
    return None


def storable(value: Any, place: str, lost: dict[str, str]) -> Any:
    """The value for a file, with a mark for each object that is not plain data.

    Args:
        value: Tensors and plain values, nested as you like, and perhaps others.
        place: Where it stands.
        lost: Is given the place and type of each object that is left out.
    """
    if isinstance(value, _PLAIN) or isinstance(value, Number):
        return value
    if isinstance(value, Mapping):
        copy = {k: storable(v, f'{place}.{k}', lost) for k, v in value.items()}
        return copy
    if isinstance(value, (list, tuple, set, frozenset)):
        kind = tuple if isinstance(value, tuple) else list
        return kind(storable(v, f'{place}.{i}', lost) for i, v in enumerate(value))
    if hasattr(value, '__array__'):
        return value
    kind = type(value)
    lost[place] = name = f'{kind.__module__}.{kind.__qualname__}'
    return {NOT_SAVED: name}


def as_it_was(value: Any, like: Any, source: str, place: str) -> Any:
    """A value that was saved, as the type that it had.

    Files hold dicts, lists and numbers; whoever made them may have had a
    ``Counter``, say.

    Args:
        value: What was saved.
        like: A value of the right type, e.g. of an object that was built anew.
        source: The file, for messages.
        place: Where the value stands in it.

    Raises:
        CheckpointError: if it is not plain data, or of another type.

    Example:
        >>> as_it_was({'2': 1}, Counter({3: 1}), 'a.pth', 'milestones')
        Traceback (most recent call last):
        mmlite.errors.CheckpointError: a.pth: milestones is {'2': 1}, but should be ...
        >>> as_it_was({2: 1}, Counter({3: 1}), 'a.pth', 'milestones')
        Counter({2: 1})
    """
    wrong = next(_not_plain(value, place), None)
    if wrong is not None:
        raise odd(source, *wrong, 'plain data')
    if isinstance(like, Counter):
        whole = isinstance(value, Mapping) and all(
            isinstance(n, int) for item in value.items() for n in item
        )
        if not whole:
            raise odd(source, place, value, 'a dict of integers')
        return Counter(value)
    for kind, name in ((Mapping, 'a dict'), ((list, tuple), 'a list')):
        if isinstance(like, kind) != isinstance(value, kind) and like is not None:
            raise odd(
                source, place, value, name if isinstance(like, kind) else _a(like)
            )
    if isinstance(like, tuple):
        return tuple(value)
    if isinstance(like, list):
        return list(value)
    if isinstance(like, bool) and not isinstance(value, bool):
        raise odd(source, place, value, 'True or False')
    number = isinstance(like, Real) and not isinstance(like, bool)
    if number and not _is_number(value):
        raise odd(source, place, value, 'a number')
    if isinstance(like, str) and not isinstance(value, str):
        raise odd(source, place, value, 'a text')
    return value


def _a(like: Any) -> str:
    return 'a number' if isinstance(like, Number) else f'a {type(like).__name__}'


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, Real) or isinstance(value, Tensor) and value.numel() == 1
    ) and not isinstance(value, bool)


def _not_plain(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The places and values within a value that are no plain data, or NaN."""
    if isinstance(value, float) and math.isnan(value):
        yield place, value
    elif isinstance(value, Placeholder) or not isinstance(
        value, (*_PLAIN, Mapping, list, tuple, set, frozenset)
    ):
        yield place, value
    elif isinstance(value, Mapping):
        if set(value) == {NOT_SAVED}:
            yield place, value
        for key, inner in value.items():
            yield from _not_plain(inner, f'{place}.{key}')
    elif isinstance(value, (list, tuple, set, frozenset)):
        for i, inner in enumerate(value):
            yield from _not_plain(inner, f'{place}.{i}')
