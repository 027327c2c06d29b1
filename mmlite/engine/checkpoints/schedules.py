"""The schedules of learning rates and the like: to a file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...errors import CheckpointError
from .content import as_it_was, count, mapping, odd, storable

__all__ = ['COUNTERS', 'fitted_schedules', 'schedule_states', 'schedules_by_place']

#: What changes while a schedule runs; the rest are its settings.
COUNTERS = (
    'last_step',
    '_global_step',
    '_last_value',
    'base_values',
    'best',
    'num_bad_epochs',
    'cooldown_counter',
)
#: Those of them that count, each with its least value.
_COUNTS = dict(last_step=-1, _global_step=0, num_bad_epochs=0, cooldown_counter=0)
_BY_GROUP = ('base_values', '_last_value', 'min_values')
_ELSE = 'restore the param_scheduler of the config, or use the file as load_from'


def schedules_by_place(schedulers: Any) -> Iterator[tuple[str, Any]]:
    """Schedulers, or states of them, each with its place in a config.

    Args:
        schedulers: A list of them, or a dict of lists by the name of an optimizer.
    """
    if isinstance(schedulers, Mapping):
        for name, group in schedulers.items():
            for i, scheduler in enumerate(group):
                yield f'param_scheduler.{name}.{i}', scheduler
    else:
        for i, scheduler in enumerate(schedulers or ()):
            yield f'param_scheduler.{i}', scheduler


def schedule_states(schedulers: Any, lost: dict[str, str]) -> Any:
    """The states of schedulers, as plain values.

    Functions are left out: they follow from the settings.

    Args:
        schedulers: A list of them, or a dict of lists by the name of an optimizer.
        lost: Is given the place and type of each object that is left out.
    """
    if isinstance(schedulers, dict):  # of several optimizers
        return {
            name: schedule_states(group, lost) for name, group in schedulers.items()
        }
    return [_state(s, f'param_schedulers.{i}', lost) for i, s in enumerate(schedulers)]


def _state(scheduler: Any, place: str, lost: dict[str, str]) -> dict[str, Any]:
    state = {k: v for k, v in scheduler.state_dict().items() if not callable(v)}
    return dict(storable(state, place, lost), type=type(scheduler).__name__)


def fitted_schedules(
    schedulers: Any, saved: Any, source: str
) -> list[tuple[Any, dict[str, Any]]]:
    """Schedulers, each with the state that puts it where it was.

    Args:
        schedulers: A list of them, or a dict of lists by the name of an optimizer.
        saved: Their states, of mmlite or of mmengine.
        source: The file, for messages.

    Raises:
        CheckpointError: if the states are of other schedulers.
    """
    if schedulers is None:
        return []
    if not isinstance(schedulers, dict):
        return _pairs(schedulers, saved, source, 'param_schedulers')
    saved = mapping(saved, source, 'param_schedulers')
    if saved.keys() != schedulers.keys():
        raise CheckpointError(
            f'{source}: there are schedules for {_names(saved)}, but the config has '
            f'those for {_names(schedulers)}; {_ELSE}'
        )
    return [
        pair
        for name, group in schedulers.items()
        for pair in _pairs(group, saved[name], source, f'param_schedulers.{name}')
    ]


def _names(names: Iterable) -> str:
    return ', '.join(map(str, names)) or 'nothing'


def _pairs(
    schedulers: list, saved: Any, source: str, place: str
) -> list[tuple[Any, dict[str, Any]]]:
    if not isinstance(saved, (list, tuple)):
        raise odd(source, place, saved, 'a list of states')
    states = [mapping(s, source, f'{place}.{i}') for i, s in enumerate(saved)]
    if len(states) != len(schedulers):
        raise CheckpointError(
            f'{source} was saved with another schedule: param_scheduler has '
            f'{len(states)} parts there, and {len(schedulers)} in the config; {_ELSE}'
        )
    pairs = enumerate(zip(schedulers, states, strict=True))
    return [(s, _fitted(s, state, source, f'{place}.{i}')) for i, (s, state) in pairs]


def _fitted(
    scheduler: Any, saved: Mapping[str, Any], source: str, place: str
) -> dict[str, Any]:
    """A state as the scheduler had it, with the functions that it has now."""
    own = {k: v for k, v in vars(scheduler).items() if k != 'optimizer'}
    kept = {k for k, v in own.items() if callable(v)}
    saved = dict(saved)
    kind, here = saved.pop('type', None), type(scheduler).__name__
    settings = own.keys() - kept
    if kind is None and settings != saved.keys() - kept:
        kind = (
            f'another kind (with {_names(sorted(map(str, saved.keys() ^ own.keys())))})'
        )
    if kind is not None and kind != here:
        raise CheckpointError(
            f'{source} was saved with another schedule: {place} is {kind} there, and '
            f'{here} in the config; {_ELSE}'
        )
    if settings != saved.keys() - kept:
        differ = sorted(map(str, settings ^ (saved.keys() - kept)))
        raise odd(source, f'{place}.{differ[0]}', saved.get(differ[0]), 'as built')
    state = {
        name: as_it_was(saved[name], own[name], source, f'{place}.{name}')
        for name in settings
    }
    for name in state.keys() & _COUNTS.keys():
        state[name] = count(state[name], source, f'{place}.{name}', _COUNTS[name])
    return dict(state, **_by_group(scheduler, state))


def _by_group(scheduler: Any, state: Mapping[str, Any]) -> dict[str, list]:
    """The values of each parameter group, if the state has those of other groups.

    mmengine makes a group for each parameter; here they are joined, and each
    has kept the value that it began with.
    """
    groups, name = scheduler.optimizer.param_groups, scheduler.param_name
    other = {k for k in _BY_GROUP if k in state and len(state[k]) != len(groups)}
    if not other:
        return {}
    values = dict(
        base_values=[group.get(f'initial_{name}') for group in groups],
        _last_value=[group.get(name) for group in groups],
        min_values=getattr(scheduler, 'min_values', None),
    )
    return {key: values[key] for key in other}
