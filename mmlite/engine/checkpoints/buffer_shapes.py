"""The buffers that an optimizer keeps of a parameter, and what shapes they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ...errors import CheckpointError
from .content import count, mapping, odd

__all__ = ['check_buffers', 'expected_buffers']

_ELSE = 'use the file as load_from to start a new training with its weights'


def check_buffers(
    saved: Any,
    members: Iterable[tuple[int, str, Mapping[str, Any]]],
    parameters: Mapping[str, Tensor],
    part: Any,
    source: str,
) -> None:
    """Compare saved buffers with their parameters.

    Args:
        saved: The buffers by the number of their parameter.
        members: Number, name and settings of each parameter.
        parameters: The parameters by name.
        part: The optimizer that is to take the buffers over.
        source: The file, for messages.

    Raises:
        CheckpointError: naming the first buffer that does not fit.
    """
    saved = mapping(saved, source, f'{part.place}.state')
    looked_up: dict[tuple, dict[str, Any] | None] = {}
    numbers = set()
    for number, name, settings in members:
        numbers.add(number)
        if number not in saved or name not in parameters:
            continue
        place = f'{part.place}.state.{number}'
        buffers = mapping(saved[number], source, place)
        parameter = parameters[name]
        key = (tuple(parameter.shape), parameter.dtype, id(settings))
        if buffers and key not in looked_up:
            looked_up[key] = expected_buffers(part.optimizer, parameter, settings)
        _compare(buffers, looked_up.get(key), parameter, name, place, source)
    strangers = sorted(map(str, saved.keys() - numbers))
    if strangers:
        raise CheckpointError(
            f'{source}: {part.place}.state has buffers of {strangers[0]}, which is '
            f'not a parameter of its groups; resume another file, or {_ELSE}'
        )


def _compare(
    buffers: Mapping[str, Any],
    expected: Mapping[str, Any] | None,
    parameter: Tensor,
    name: str,
    place: str,
    source: str,
) -> None:
    for key, value in buffers.items():
        where = f'{place}.{key}'
        if key == 'step':
            count(value, source, where)
        elif isinstance(value, Tensor):
            _check_tensor(
                value, (expected or {}).get(key), parameter, name, key, source
            )
        elif isinstance(value, (Mapping, type)) or not isinstance(
            value, (int, float, list, tuple, str, type(None))
        ):
            raise odd(source, where, value, 'a tensor')
        elif expected and isinstance(expected.get(key), Tensor):
            # None is what torch itself keeps of a parameter that has had no step.
            if value is not None or key != 'momentum_buffer':
                raise odd(source, where, value, f'a tensor, as for {name}')
    missing = [k for k in expected or {} if k not in buffers and k != 'momentum_buffer']
    if buffers and missing:
        raise CheckpointError(
            f'{source} was saved with another optimizer: {place} has no '
            f'{missing[0]!r} of {name}; {_ELSE}'
        )


def _check_tensor(
    value: Tensor, expected: Any, parameter: Tensor, name: str, key: str, source: str
) -> None:
    shape = expected.shape if isinstance(expected, Tensor) else parameter.shape
    known = isinstance(expected, Tensor) or value.shape == parameter.shape
    if known and value.shape != shape:
        raise CheckpointError(
            f'{source}: the state of the optimizer does not fit the model: {key} of '
            f'{name} has the shape {tuple(value.shape)} there, but should have '
            f'{tuple(shape)}; resume another file, or {_ELSE}'
        )
    if value.layout != torch.strided or value.is_quantized:
        raise odd(source, f'{key} of {name}', value, 'a dense tensor')
    if isinstance(expected, Tensor) and expected.is_floating_point():
        if not value.is_floating_point():
            expected = f'one of floating-point numbers, not {value.dtype}'
            raise odd(source, f'{key} of {name}', value, expected)
    if value.is_floating_point() and bool(value.isnan().any()):
        raise CheckpointError(
            f'{source}: {key} of {name} in the state of the optimizer holds NaN; '
            f'resume an earlier file, or {_ELSE}'
        )


def expected_buffers(
    optimizer: Optimizer, parameter: Tensor, settings: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What an optimizer keeps of a parameter, by making a step with no gradient.

    Args:
        optimizer: The optimizer, which is left as it is.
        parameter: A parameter, which is too.
        settings: Those of its group.

    Returns:
        The buffers by name; None if such a step cannot be made.

    Example:
        >>> weight = torch.zeros(2, 3)
        >>> adam = torch.optim.Adam([weight])
        >>> buffers = expected_buffers(adam, weight, adam.param_groups[0])
        >>> {name: tuple(value.shape) for name, value in buffers.items()}
        {'step': (), 'exp_avg': (2, 3), 'exp_avg_sq': (2, 3)}
    """
    stand_in = torch.zeros(parameter.shape, dtype=parameter.dtype, requires_grad=True)
    stand_in.grad = torch.zeros_like(stand_in)
    own = optimizer.param_groups[0]
    group = {k: v for k, v in {**own, **settings}.items() if k != 'params'}
    plain = dict(fused=None, foreach=None, capturable=False, differentiable=False)
    group |= {k: v for k, v in plain.items() if k in group}
    probe = object.__new__(type(optimizer))
    # A scheduler has put a step of its own there, which is that of the original.
    probe.__dict__.update({k: v for k, v in vars(optimizer).items() if k != 'step'})
    probe.state = defaultdict(dict)
    probe.param_groups = [dict(group, params=[stand_in])]
    try:
        with torch.no_grad():
            probe.step()
    except Exception:  # of whatever kind: it may want a closure, or more parameters
        return None
    return dict(probe.state[stand_in])
