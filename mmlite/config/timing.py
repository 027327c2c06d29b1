"""Check whether loop, schedule, hooks and data count the same thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from mmengine.hooks import EMAHook, ParamSchedulerHook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from ..errors import Problem
from ..registry import DATA_SAMPLERS, HOOKS, LOOPS, PARAM_SCHEDULERS
from ..signature import default_of
from .bounds import numbers_in
from .fitting import value_at
from .parts import target_of
from .schema import slot_of

__all__ = [
    'advise_timing',
    'check_timing',
    'counts_epochs',
    'scheduler_counts_epochs',
    'schedulers_of',
]

_LIMITS = ('max_epochs', 'max_iters')
#: Hooks that do harm if there are two: schedules would go twice as fast, averages
#: take each other for the weights.
_ONCE = (EMAHook, ParamSchedulerHook)


def check_timing(cfg: Config) -> list[Problem]:
    """Check that a training has an end, and that its schedule changes something."""
    own = [*_check_samplers(cfg), *_check_schedules(cfg), *_check_averages(cfg)]
    return [*own, *_check_doubles(cfg)]


def _check_samplers(cfg: Config) -> Iterator[Problem]:
    """Refuse endless samplers where an end is needed."""
    for phase in ('train', 'val', 'test'):
        section = f'{phase}_dataloader'
        if phase == 'train' and counts_epochs(cfg.get('train_cfg')) is not True:
            continue
        for key in ('sampler', 'batch_sampler'):
            target = target_of(value_at(cfg, section, key), DATA_SAMPLERS)
            if _is_endless(target):
                name = target.__name__
                hint = "; use sampler=dict(type='DefaultSampler')"
                if phase == 'train':
                    hint += ', or train_cfg=dict(by_epoch=False, max_iters=...)'
                what = 'an epoch' if phase == 'train' else 'an evaluation'
                message = f'{name} is endless, so that {what} has no end{hint}'
                yield Problem(f'{section}.{key}', message)
            elif phase != 'train' and not getattr(target, 'every_sample', True):
                message = (
                    f'{target.__name__} leaves samples out or repeats them, so that '
                    'the result is not that of the dataset; use '
                    "sampler=dict(type='DefaultSampler', shuffle=False)"
                )
                yield Problem(f'{section}.{key}', message)


def _check_doubles(cfg: Config) -> Iterator[Problem]:
    """Refuse a second hook of a kind of which one does all."""
    default, custom = cfg.get('default_hooks'), cfg.get('custom_hooks')
    seen = {ParamSchedulerHook: 'the default one'}
    if isinstance(default, Mapping) and default.get('param_scheduler', 1) is None:
        seen = {}
    for i, hook in enumerate(custom if isinstance(custom, (list, tuple)) else ()):
        target, path = target_of(hook, HOOKS), f'custom_hooks.{i}'
        for kind in _ONCE:
            if not (isinstance(target, type) and issubclass(target, kind)):
                continue
            if kind in seen:
                message = (
                    f'{target.__name__} does what {seen[kind]} does already, twice'
                )
                yield Problem(path, f'{message}; leave it out')
            seen.setdefault(kind, path)


def _is_endless(sampler: Any) -> bool:
    theirs = isinstance(sampler, type) and issubclass(sampler, InfiniteSampler)
    return theirs or getattr(sampler, 'endless', False)


def counts_epochs(loop: Any) -> bool | None:
    """Whether a training is one by epochs; None if unknown."""
    if not isinstance(loop, Mapping):
        target = type(loop)
    else:
        target = target_of(loop, slot_of(('train_cfg',), loop) or LOOPS)
    if isinstance(target, type) and issubclass(target, EpochBasedTrainLoop):
        return True
    is_other = isinstance(target, type) and issubclass(target, IterBasedTrainLoop)
    return False if is_other else None


def schedulers_of(cfg: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each scheduler of a section, with its place."""
    if isinstance(cfg, (list, tuple)):
        cfg = dict(enumerate(cfg))
    elif isinstance(cfg, Mapping) and 'type' in cfg:
        yield path, cfg
        return
    for key, value in cfg.items() if isinstance(cfg, Mapping) else ():
        yield from schedulers_of(value, f'{path}.{key}')


def _check_averages(cfg: Config) -> Iterator[Problem]:
    """Refuse an average of weights that begins when the training is over."""
    hooks = cfg.get('custom_hooks')
    for i, hook in enumerate(hooks if isinstance(hooks, (list, tuple)) else ()):
        target = target_of(hook, HOOKS)
        if not (isinstance(target, type) and issubclass(target, EMAHook)):
            continue
        for unit in ('epoch', 'iter'):
            begin, limit = (
                hook.get(f'begin_{unit}') if isinstance(hook, Mapping) else None,
                value_at(cfg, 'train_cfg', f'max_{unit}s'),
            )
            never = unit == 'epoch' and counts_epochs(cfg.get('train_cfg')) is False
            if isinstance(begin, int) and begin > 0 and never:
                message = (
                    f'is {begin}, but the training counts iterations, and the average '
                    'would never begin; set begin_iter'
                )
                yield Problem(f'custom_hooks.{i}.begin_epoch', message)
            elif isinstance(begin, int) and isinstance(limit, int) and begin > limit:
                message = f'is {begin}, but the training ends after {limit} {unit}s'
                yield Problem(f'custom_hooks.{i}.begin_{unit}', message)


def scheduler_counts_epochs(scheduler: Mapping[str, Any]) -> bool:
    """Whether the numbers of a schedule are epochs."""
    target = target_of(scheduler, PARAM_SCHEDULERS)
    default = default_of(target, 'by_epoch') if callable(target) else None
    return scheduler.get('by_epoch', default) is True


def _check_schedules(cfg: Config) -> Iterator[Problem]:
    """Refuse a schedule by epochs in a training that is one long epoch."""
    if counts_epochs(cfg.get('train_cfg')) is not False:
        return
    for path, scheduler in schedulers_of(cfg.get('param_scheduler'), 'param_scheduler'):
        target = target_of(scheduler, PARAM_SCHEDULERS)
        after_validation = getattr(target, 'need_val_args', False)
        moves = after_validation or scheduler.get('convert_to_iter_based', False)
        if scheduler_counts_epochs(scheduler) and not moves:
            yield Problem(
                path,
                'counts epochs (by_epoch=True), but the training counts iterations, '
                'and the value would never change; set by_epoch=False and count '
                'iterations here too',
            )


def advise_timing(cfg: Config) -> list[Problem]:
    """Schedules and hooks that are allowed but seldom intended."""
    return [*_advise_units(cfg), *_advise_ends(cfg), *_advise_hooks(cfg)]


def _advise_units(cfg: Config) -> Iterator[Problem]:
    """Hooks and logs that count epochs in a training by iterations."""
    if counts_epochs(cfg.get('train_cfg')) is not False:
        return
    path = 'default_hooks.checkpoint'
    hook = value_at(cfg, *path.split('.'))
    hook = {} if hook is None and path.split('.')[1] not in _hooks(cfg) else hook
    if isinstance(hook, Mapping) and hook.get('by_epoch', True):
        if hook.get('interval', 1) > 0:
            yield Problem(
                path,
                'counts epochs, but the training counts iterations: one checkpoint '
                'is saved, at the end; set by_epoch=False and interval in iterations',
            )
    if value_at(cfg, 'log_processor', 'by_epoch') is True:
        message = 'is True, but the training counts iterations; set it to False'
        yield Problem('log_processor.by_epoch', message)


def _hooks(cfg: Config) -> Mapping[str, Any]:
    hooks = cfg.get('default_hooks')
    return hooks if isinstance(hooks, Mapping) else {}


def _advise_ends(cfg: Config) -> Iterator[Problem]:
    """Schedules that are over before the training is, or never begin."""
    loop = cfg.get('train_cfg')
    by_epoch = counts_epochs(loop)
    limit = loop.get(_LIMITS[not by_epoch]) if isinstance(loop, Mapping) else None
    if by_epoch is None or not isinstance(limit, int):
        return
    unit = 'epochs' if by_epoch else 'iterations'
    begin = loop.get('val_begin')
    if isinstance(begin, int) and begin > limit:
        message = f'is {begin}, but the training ends after {limit} {unit}'
        yield Problem('train_cfg.val_begin', f'{message}: there is no validation')
    comparable = [
        (path, scheduler)
        for path, scheduler in schedulers_of(
            cfg.get('param_scheduler'), 'param_scheduler'
        )
        if scheduler_counts_epochs(scheduler) == by_epoch
    ]
    for path, scheduler in comparable:
        begin = scheduler.get('begin', 0)
        if isinstance(begin, int) and begin >= limit:
            message = f'is {begin}, but the training ends after {limit} {unit}'
            yield Problem(f'{path}.begin', message)
        steps = scheduler.get('milestones')
        if isinstance(steps, (list, tuple)) and steps:
            if all(isinstance(s, int) and s >= limit for s in steps):
                message = f'is {steps}, but the training ends after {limit} {unit}'
                yield Problem(f'{path}.milestones', f'{message}: the value stays')
    ends = [scheduler.get('end') for _, scheduler in comparable]
    all_end = ends and all(isinstance(end, int) for end in ends)
    if all_end and len(ends) == _count(cfg) and max(ends) < limit:
        path, _ = comparable[ends.index(max(ends))]
        message = f'is {max(ends)}, but the training goes on to {limit} {unit}'
        yield Problem(f'{path}.end', f'{message}, with what the value is then')


#: Keys of hooks that name an epoch on which something begins or changes.
_EPOCHS = ('action_epoch', 'epochs', 'start_epoch')


def _advise_hooks(cfg: Config) -> Iterator[Problem]:
    """Hooks that wait for an epoch which never comes."""
    by_epoch = counts_epochs(cfg.get('train_cfg'))
    limit = value_at(cfg, 'train_cfg', 'max_epochs')
    for place, value in numbers_in(cfg.get('custom_hooks'), 'custom_hooks'):
        if place.rpartition('.')[2] not in _EPOCHS or value <= 0:
            continue
        if by_epoch is False:
            message = f'is {value}, but the training counts iterations: it never begins'
            yield Problem(place, message)
        elif by_epoch and isinstance(limit, int) and value > limit:
            yield Problem(
                place, f'is {value}, but the training ends after {limit} epochs'
            )


def _count(cfg: Config) -> int:
    return len(list(schedulers_of(cfg.get('param_scheduler'), 'param_scheduler')))
