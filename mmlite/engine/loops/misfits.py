"""Which layer of a model was given another width than it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from mmengine.model import is_model_wrapper
from torch import Tensor, nn

from ...errors import ConfigError, Problem

__all__ = ['misfit']

#: How PyTorch complains of shapes that do not fit.
_OF_SHAPES = re.compile(r'shape|size|channels|elements|dimension', re.IGNORECASE)
#: What a layer calls the width that it takes, and the dimension that it is of.
_WIDTHS = {
    'in_features': -1,
    'in_channels': 1,
    'num_features': 1,
    'num_channels': 1,
    'normalized_shape': -1,
    'embed_dim': -1,
}


class _Call(NamedTuple):
    """A call of a module that has not returned."""

    name: str
    module: nn.Module
    given: Tensor | None


def misfit(
    error: Exception, model: nn.Module, data: Any, mode: str
) -> ConfigError | None:
    """The error of a config whose parts do not fit; None of any other error.

    Parts that state their widths are compared when a model is built. For those that do
    not, as a backbone of one's own, the batch is computed once more after an error of
    PyTorch, to see which layer it is that fails, and what it was given.

    Args:
        error: What a step has raised.
        model: The model.
        data: The batch.
        mode: What was asked of the model: ``'loss'`` or ``'predict'``.

    Returns:
        A :class:`~mmlite.errors.ConfigError` with both numbers, or None.

    Example:
        >>> error = RuntimeError('something else')
        >>> misfit(error, nn.Linear(9, 2), None, 'loss') is None
        True
    """
    is_of_shapes = type(error) is RuntimeError and _OF_SHAPES.search(str(error))
    if not is_of_shapes:
        return None
    model = model.module if is_model_wrapper(model) else model
    failed = _innermost(model, lambda: _forward(model, data, mode))
    return None if failed is None else _explained(model, failed)


def _forward(model: Any, data: Any, mode: str) -> None:
    data = model.data_preprocessor(data, mode == 'loss')
    if isinstance(data, dict):
        model(**data, mode=mode)
    else:
        model(*data, mode=mode)


def _innermost(model: nn.Module, run: Callable[[], None]) -> _Call | None:
    """The innermost call of a module that a failure ends."""
    calls: list[_Call] = []
    names = {module: name for name, module in model.named_modules()}

    def enter(module: nn.Module, inputs: tuple) -> None:
        first = inputs[0] if inputs else None
        first = first[-1] if isinstance(first, (list, tuple)) and first else first
        given = first if isinstance(first, Tensor) else None
        calls.append(_Call(names[module], module, given))

    def leave(module: nn.Module, inputs: tuple, outputs: Any) -> None:
        calls.pop()

    hooks = [m.register_forward_pre_hook(enter) for m in names]
    hooks += [m.register_forward_hook(leave) for m in names]
    try:
        with torch.no_grad():
            run()
    except Exception:  # as before
        return calls[-1] if calls else None
    finally:
        for hook in hooks:
            hook.remove()
    return None


def _explained(model: nn.Module, call: _Call) -> ConfigError | None:
    name, module, given = call
    takes, dim = _stated(module) or (None, 0)
    if given is None or takes is None or given.ndim < 2 or given.shape[dim] == takes:
        return None
    gives, kind = given.shape[dim], type(module).__name__
    got = f'gets {_channels(gives)}, of shape {tuple(given.shape)}'
    for part in _named_in_config(name):
        if getattr(model.get_submodule(part), 'in_channels', None) == takes:
            place = f'model.{part}.in_channels'
            layer = 'part' if part == name else f'{kind} of it'
            message = f'is {takes}, but the {layer} {got}; set {place}={gives}'
            return ConfigError([Problem(place, message)])
    message = (
        f'a {kind} takes {_channels(takes)}, but {got}; compare the widths in model'
    )
    return ConfigError([Problem(f'model.{name}' if name else 'model', message)])


def _channels(number: int) -> str:
    return '1 channel' if number == 1 else f'{number} channels'


def _named_in_config(name: str) -> Iterator[str]:
    """The parts around a layer that a config names: one, or one of a list.

    Example:
        >>> list(_named_in_config('neck.0.fc.1'))
        ['neck', 'neck.0']
    """
    first, *rest = name.split('.')
    if first:
        yield first
    if rest and rest[0].isdigit():
        yield f'{first}.{rest[0]}'


def _stated(module: nn.Module) -> tuple[int, int] | None:
    """The width that a layer takes, and the dimension that it is of."""
    for attribute, dim in _WIDTHS.items():
        width = getattr(module, attribute, None)
        width = width[-1] if isinstance(width, (list, tuple)) and width else width
        if isinstance(width, int) and not isinstance(width, bool):
            return width, dim
    return None
