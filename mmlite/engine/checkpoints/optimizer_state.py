"""Compare the state of an optimizer with its parameters before it is used.

torch finds the state of a parameter by its position, and compares nothing: a buffer of
another shape makes a fused step write beyond its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

from mmengine.optim import OptimWrapperDict
from torch import nn
from torch.optim import Optimizer

from ...errors import CheckpointError
from .buffer_shapes import check_buffers
from .content import as_it_was, mapping, odd, storable

__all__ = ['Part', 'fitted_state', 'optimizer_state', 'parameter_names', 'parts_of']

#: Settings that say how a step is computed, and those that schedulers add.
_OPTIONAL = ('fused', 'foreach', 'capturable', 'differentiable')
#: What AdamW differs from Adam by, so that it is that of the config.
_OF_CLASS = 'decoupled_weight_decay'
_ELSE = 'use the file as load_from to start a new training with its weights'

Names = list[list[str]]


class Part(NamedTuple):
    """One of the optimizers of a training.

    Args:
        keys: Where its state stands in that of the whole.
        optimizer: The optimizer.
    """

    keys: tuple[str | int, ...]
    optimizer: Optimizer

    @property
    def place(self) -> str:
        """Where its state stands in a file."""
        return '.'.join(map(str, ('optimizer', *self.keys)))


def parts_of(optim_wrapper: Any) -> list[Part]:
    """The optimizers of a wrapper, of several wrappers, or chained."""
    if isinstance(optim_wrapper, OptimWrapperDict):
        return [
            Part((name, *part.keys), part.optimizer)
            for name, wrapper in optim_wrapper.items()
            for part in parts_of(wrapper)
        ]
    optimizer = getattr(optim_wrapper, 'optimizer', optim_wrapper)
    inner = getattr(optimizer, 'optimizers', None)
    if inner is None:
        return [Part((), optimizer)]
    return [Part(('optimizers', i), one) for i, one in enumerate(inner)]


def optimizer_state(optim_wrapper: Any, lost: dict[str, str]) -> dict[str, Any]:
    """The state of the optimizers for a file; functions in their groups are left out.

    Args:
        optim_wrapper: What is saved.
        lost: Is given the place and type of each object that is not plain data.
    """
    state = optim_wrapper.state_dict()
    for part in parts_of(optim_wrapper):
        inner = _at(state, part.keys)
        inner['param_groups'] = [
            {k: v for k, v in group.items() if not callable(v)}
            for group in inner['param_groups']
        ]
    return storable(state, 'optimizer', lost)


def parameter_names(optim_wrapper: Any, model: nn.Module) -> dict[str, Names]:
    """The names of the parameters of each optimizer, in its groups.

    With them a state is matched by name, whatever the order of the parameters.
    """
    names = {id(p): name for name, p in model.named_parameters()}
    return {
        part.place: [
            [names.get(id(p), '') for p in group['params']]
            for group in part.optimizer.param_groups
        ]
        for part in parts_of(optim_wrapper)
    }


def fitted_state(
    optim_wrapper: Any, model: nn.Module, checkpoint: Mapping[str, Any], source: str
) -> dict[str, Any]:
    """The saved state of the optimizers, in the order of the parameters of a model.

    Args:
        optim_wrapper: What is about to take the state over.
        model: The model that it optimises, without a wrapper.
        checkpoint: What was saved, by mmlite or by mmengine.
        source: The file, for messages.

    Raises:
        CheckpointError: if the state is of other parameters, or is no such state.
    """
    state = dict(mapping(checkpoint['optimizer'], source, 'optimizer'))
    saved_names = checkpoint.get('optimizer_names')
    own_names = parameter_names(optim_wrapper, model)
    shapes = dict(model.named_parameters())
    for part in parts_of(optim_wrapper):
        inner = _parent(state, part, source)
        own = own_names[part.place]
        groups = _groups(inner, part, source)
        if isinstance(saved_names, Mapping):
            names = saved_names.get(part.place)
        else:
            names = _names_by_weights(checkpoint['state_dict'], groups, own, model)
        if names is not None:
            _check_names(names, groups, own, part, source)
            groups = _in_order(groups, names, own, source)
        _check_settings(groups, part, source)
        inner['param_groups'] = groups
        by_id = _by_id(groups, own)
        check_buffers(inner['state'], by_id, shapes, part, source)
    return state


def _at(state: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        state = state[key]
    return state


def _parent(state: dict[str, Any], part: Part, source: str) -> dict[str, Any]:
    """The state of a part; what it lies in is copied, so that it can be changed."""
    inner: Any = state
    place = 'optimizer'
    for key in part.keys:
        kind = list if isinstance(key, int) else dict
        known = isinstance(inner, kind) and (
            0 <= key < len(inner) if isinstance(key, int) else key in inner
        )
        if not known:
            raise CheckpointError(
                f'{source} was saved with another optimizer: there is no {part.place} '
                f'in it; {_ELSE}'
            )
        value = inner[key]
        place = f'{place}.{key}'
        if isinstance(value, list):
            value = list(value)
        else:
            value = dict(mapping(value, source, place))
        inner[key] = value
        inner = value
    if not {'state', 'param_groups'} <= inner.keys():
        raise CheckpointError(
            f'{source} was saved with another optimizer: {part.place} has no state and '
            f'param_groups, but {", ".join(map(str, inner)) or "nothing"}; {_ELSE}'
        )
    return inner


def _groups(inner: dict[str, Any], part: Part, source: str) -> list[dict[str, Any]]:
    """The saved groups, with the numbers of their parameters."""
    groups = inner['param_groups']
    if not isinstance(groups, (list, tuple)):
        raise odd(source, f'{part.place}.param_groups', groups, 'a list of dicts')
    found: list[dict[str, Any]] = []
    for i, group in enumerate(groups):
        place = f'{part.place}.param_groups.{i}'
        group = dict(mapping(group, source, place))
        numbers = group.get('params')
        whole = isinstance(numbers, (list, tuple)) and all(
            isinstance(n, int) and not isinstance(n, bool) for n in numbers
        )
        if not whole:
            raise odd(source, f'{place}.params', numbers, 'a list of integers')
        found.append(dict(group, params=list(numbers)))
    numbers = [n for group in found for n in group['params']]
    if len(set(numbers)) != len(numbers):
        place = f'{part.place}.param_groups'
        raise odd(source, place, numbers, 'groups that share no parameter')
    own = sum(len(group['params']) for group in part.optimizer.param_groups)
    if len(numbers) != own:
        raise CheckpointError(
            f'{source} was saved with another optimizer: {part.place} is that of '
            f'{len(numbers)} parameters, but the config optimises {own}; {_ELSE}'
        )
    return found


def _names_by_weights(
    weights: Mapping[str, Any], groups: list[dict], own: Names, model: nn.Module
) -> Names | None:
    """The names of parameters in the groups of a file that does not state them.

    Its weights are in the order in which its parameters were. None if that is the
    order of this model, or if nothing can be concluded from it.
    """
    ours = {name for group in own for name in group}
    saved = [str(name).removeprefix('module.') for name in weights]
    saved = [name for name in saved if name in ours]
    here = [name for name, _ in model.named_parameters() if name in ours]
    if saved == here or sorted(saved) != sorted(here):
        return None
    if len(groups) in (1, len(saved)):  # mmengine makes one for each parameter
        rest = iter(saved)
        return [[next(rest) for _ in group['params']] for group in groups]
    place = {name: i for i, name in enumerate(saved)}
    names = [sorted(group, key=place.__getitem__) for group in own]
    names.sort(key=lambda group: place[group[0]])
    # Such groups it had if its config was that of today; else it is refused.
    return names


def _check_names(
    names: Any, groups: list[dict], own: Names, part: Part, source: str
) -> None:
    """Check that saved names are those of the parameters, in groups like them."""
    lists = isinstance(names, (list, tuple)) and all(
        isinstance(group, (list, tuple)) for group in names
    )
    if not lists or not all(isinstance(n, str) for group in names for n in group):
        raise odd(source, 'optimizer_names', names, 'lists of names')
    if [len(n) for n in names] != [len(g['params']) for g in groups]:
        raise CheckpointError(
            f'{source} was saved with another optimizer: {part.place} has groups of '
            f'{[len(g["params"]) for g in groups]} parameters, in an order that is '
            f'not that of this model, which has {[len(g) for g in own]}; {_ELSE}'
        )
    theirs, ours = ({n for group in side for n in group} for side in (names, own))
    if theirs != ours:
        name = sorted(theirs ^ ours)[0]
        where = 'only in the file' if name in theirs else 'only in the model'
        raise CheckpointError(
            f'{source} was saved with another optimizer: {part.place} optimises other '
            f'parameters, e.g. {name or "one outside the model"!r} is {where}; {_ELSE}'
        )


def _in_order(
    groups: list[dict], names: Names, own: Names, source: str
) -> list[dict[str, Any]]:
    """Groups of the same parameters in the order of the optimizer's own."""
    numbers = {
        name: number
        for group, members in zip(groups, names, strict=True)
        for name, number in zip(members, group['params'], strict=True)
    }
    if len(groups) == len(numbers):  # one for each, which are joined when loaded
        by_name = {members[0]: g for g, members in zip(groups, names, strict=True)}
        return [by_name[name] for group in own for name in group]
    by_members = {frozenset(m): g for g, m in zip(groups, names, strict=True)}
    ordered = []
    for group in own:
        saved = by_members.get(frozenset(group))
        if saved is None:
            raise CheckpointError(
                f'{source} was saved with another optimizer: {group[0]} was in a group '
                f'with other parameters ({len(names)} groups there, {len(own)} here); '
                f'set optim_wrapper.paramwise_cfg as it was, or {_ELSE}'
            )
        ordered.append(dict(saved, params=[numbers[name] for name in group]))
    return ordered


def _check_settings(groups: list[dict], part: Part, source: str) -> None:
    """Check that the settings of groups are such as the optimizer has."""
    own_groups = part.optimizer.param_groups
    own = {k: v for k, v in own_groups[0].items() if k != 'params'}
    for i, group in enumerate(groups):
        place = f'{part.place}.param_groups.{i}'
        for name, value in list(group.items()):
            if name in own and (callable(own[name]) or name == _OF_CLASS):
                group[name] = own_groups[min(i, len(own_groups) - 1)][name]
            elif name in _OPTIONAL:
                continue
            elif name != 'params':
                like = own.get(name)
                group[name] = as_it_was(value, like, source, f'{place}.{name}')
                if name in _NOT_NEGATIVE and isinstance(value, Real):
                    if not 0 <= value < math.inf:
                        expected = 'a finite number of at least 0'
                        raise odd(source, f'{place}.{name}', value, expected)
        missing = [k for k, v in own.items() if k not in group and not callable(v)]
        known = [k for k in missing if k in _REQUIRED]
        if known:
            raise CheckpointError(
                f'{source} was saved with another optimizer: {place} has no '
                f'{known[0]!r}, which {type(part.optimizer).__name__} needs; {_ELSE}'
            )


#: Settings that are finite and not negative, whatever the optimizer.
_NOT_NEGATIVE = ('lr', 'initial_lr', 'momentum', 'weight_decay', 'eps')
#: Settings of which an optimizer makes use, and does not fill in itself.
_REQUIRED = (
    'lr',
    'momentum',
    'betas',
    'eps',
    'alpha',
    'rho',
    'beta2_decay',
    'lr_decay',
    'lambd',
    'momentum_decay',
    'etas',
    'history_size',
    'weight_decay',
)


def _by_id(groups: list[dict], own: Names) -> Iterator[tuple[int, str, dict]]:
    """The number of each parameter in the file, its name, and the settings of it."""
    ours = [name for group in own for name in group]
    flat = [(number, group) for group in groups for number in group['params']]
    for (number, group), name in zip(flat, ours, strict=True):
        yield number, name, group
