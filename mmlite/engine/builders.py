"""Build the parts of a runner, with errors that name the place in the config."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.logging import HistoryBuffer
from mmengine.optim import _ParamScheduler
from mmengine.runner import BaseLoop, LogProcessor, Runner

from ..errors import ConfigError, DataNotFoundError, Problem, did_you_mean
from ..registry import (
    EVALUATORS,
    LOG_PROCESSORS,
    LOOPS,
    METRICS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
)
from .checks import check_classes
from .classes import classes_of, follow_classes
from .errors import at

#: Hooks that every runner has, by mmengine's names and two of our own.
DEFAULT_HOOKS: dict[str, dict] = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    logger=dict(type='LoggerHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    nan_check=dict(type='NanLossHook'),
    progress=dict(type='ProgressHook'),
)


def merge_default_hooks(hooks: Mapping[str, Any] | None) -> dict[str, Any]:
    """The default hooks with a config's changes.

    A hook without a ``type`` changes the default one of its name; None takes it
    away. Other names add hooks.

    Raises:
        ConfigError: if a name looks like a misspelt one.

    Example:
        >>> merge_default_hooks(dict(checkpoint=dict(interval=5)))['checkpoint']
        {'type': 'CheckpointHook', 'interval': 5}
    """
    merged: dict[str, Any] = copy.deepcopy(DEFAULT_HOOKS)
    for name, hook in (hooks or {}).items():
        if name not in DEFAULT_HOOKS:
            hint = did_you_mean(name, DEFAULT_HOOKS)
            if hint:
                raise ConfigError([Problem(name, f'unknown default hook{hint}')])
        if hook is None:
            merged.pop(name, None)
        elif isinstance(hook, Mapping) and 'type' not in hook:
            merged[name] = {**merged.get(name, {}), **hook}
        else:
            merged[name] = hook
    return merged


def build_loop(runner: Runner, loop: Any, name: str) -> BaseLoop:
    """Build a loop, with its data loader.

    Args:
        runner: The runner it belongs to.
        loop: A loop, or ``train_cfg``, ``val_cfg`` or ``test_cfg``.
        name: ``'train'``, ``'val'`` or ``'test'``.

    Raises:
        ConfigError: if the settings of the loop, data or metrics have mistakes,
            or the model has fewer outputs than the data has classes.
    """
    if isinstance(loop, BaseLoop):
        return loop
    with at(f'{name}_cfg'):
        if not isinstance(loop, Mapping):
            raise ConfigError(f'expected a dict, got {loop!r}')
        loop = _with_type(dict(loop), name)
    given = dict(runner=runner, dataloader=getattr(runner, f'_{name}_dataloader'))
    if isinstance(given['dataloader'], dict):
        with at(f'{name}_dataloader'), _naming(f'{name}_dataloader'):
            given['dataloader'] = runner.build_dataloader(
                given['dataloader'],
                seed=runner.seed,
                diff_rank_seed=runner._randomness_cfg.get('diff_rank_seed', False),
            )
    dataset = given['dataloader'].dataset
    if name != 'train' and (trained := runner.built_loops.get('train')):
        with at(f'{name}_dataloader.dataset'):
            known = classes_of(trained.dataloader.dataset)
            follow_classes(runner.model, given['dataloader'], known, 'train_dataloader')
    check_classes(runner.model, dataset, runner.cfg.filename, name)
    if name != 'train':
        with at(f'{name}_evaluator'):
            evaluator = getattr(runner, f'_{name}_evaluator')
            given['evaluator'] = runner.build_evaluator(evaluator)
    with at(f'{name}_cfg'):
        return LOOPS.build(loop, default_args=given)


@contextmanager
def _naming(section: str) -> Iterator[None]:
    """Say which section names the data that is not there."""
    try:
        yield
    except DataNotFoundError as error:
        raise DataNotFoundError(f'{section}: {error}') from error.__cause__


def _with_type(cfg: dict[str, Any], name: str) -> dict[str, Any]:
    if name != 'train':
        return dict(dict(type=f'{name.capitalize()}Loop'), **cfg)
    if 'type' in cfg:
        if 'by_epoch' in cfg:
            raise ConfigError('takes either type or by_epoch, not both')
        return cfg
    by_epoch = cfg.pop('by_epoch', 'max_iters' not in cfg)
    kind = 'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop'
    return dict(cfg, type=kind)


def build_evaluator(evaluator: Any) -> Evaluator:
    """Build an evaluator from metrics, or from a dict with ``metrics``."""
    if isinstance(evaluator, Evaluator):
        return evaluator
    if isinstance(evaluator, Mapping) and 'metrics' in evaluator:
        with_type = dict(dict(type='Evaluator'), **evaluator)
        return EVALUATORS.build(with_type)
    several = isinstance(evaluator, (list, tuple))
    for i, metric in enumerate(evaluator if several else [evaluator]):
        if isinstance(metric, Mapping) and (problems := METRICS.problems_of(metric)):
            raise ConfigError([p.under(str(i)) if several else p for p in problems])
    return EVALUATORS.build(dict(type='Evaluator', metrics=evaluator))


def check_optim_wrapper(cfg: Mapping[str, Any]) -> None:
    """See that optimizer, wrapper and constructor exist and take what they get.

    Raises:
        ConfigError: naming every mistake.
    """
    settings = dict(cfg)
    constructor = settings.pop('constructor', 'DefaultOptimWrapperConstructor')
    settings.pop('paramwise_cfg', None)
    problems = OPTIM_WRAPPER_CONSTRUCTORS.problems_of(
        dict(type=constructor), given=('optim_wrapper_cfg', 'paramwise_cfg')
    )
    problems = [p.under('constructor') for p in problems]
    optimizer = settings.get('optimizer')
    if isinstance(optimizer, Mapping):
        found = OPTIMIZERS.problems_of(optimizer, given=('params', 'model'))
        problems += [p.under('optimizer') for p in found]
    if 'type' in settings or constructor == 'DefaultOptimWrapperConstructor':
        settings.setdefault('type', 'OptimWrapper')
        problems += OPTIM_WRAPPERS.problems_of(settings, given=('optimizer',))
    if problems:
        raise ConfigError(problems)


#: What a scheduler is given beside its own settings.
_SCHEDULER_GIVEN = ('optimizer', 'param_name', 'epoch_length')


def check_param_scheduler(cfg: Any) -> None:
    """See that schedulers exist and take what they get.

    Args:
        cfg: One scheduler, a list of them, or a dict of these by optimizer.

    Raises:
        ConfigError: naming every mistake.
    """
    problems = _scheduler_problems(cfg)
    if problems:
        raise ConfigError(problems)


def _scheduler_problems(cfg: Any) -> list[Problem]:
    if isinstance(cfg, Sequence) and not isinstance(cfg, str):
        parts = enumerate(cfg)
    elif isinstance(cfg, Mapping) and not _is_scheduler(cfg):
        parts = cfg.items()
    elif isinstance(cfg, Mapping):
        own = {k: v for k, v in cfg.items() if k != 'convert_to_iter_based'}
        return PARAM_SCHEDULERS.problems_of(own, given=_SCHEDULER_GIVEN)
    elif isinstance(cfg, (str, int, float, bool)):
        return [Problem('', f'expected a dict or a list of dicts, got {cfg!r}')]
    else:  # already built
        return []
    return [p.under(str(key)) for key, c in parts for p in _scheduler_problems(c)]


def _is_scheduler(cfg: Mapping[str, Any]) -> bool:
    """Whether it is one scheduler rather than several by optimizer."""
    several = (Mapping, list, tuple, _ParamScheduler)
    return 'type' in cfg or not all(isinstance(v, several) for v in cfg.values())


def log_processor_of(cfg: Mapping[str, Any]) -> LogProcessor:
    """The part that makes log lines, from its settings.

    Raises:
        ConfigError: if an entry of ``custom_cfg`` asks for what cannot be logged.

    Example:
        >>> entry = dict(data_src='loss', method_name='meen')
        >>> log_processor_of(dict(custom_cfg=[entry]))
        Traceback (most recent call last):
        mmlite.errors.ConfigError: custom_cfg.0.method_name is 'meen', but ...
    """
    methods = list(HistoryBuffer()._statistics_methods)
    problems = []
    for i, entry in enumerate(cfg.get('custom_cfg') or ()):
        method, window = entry.get('method_name', 'mean'), entry.get('window_size', 1)
        if method not in methods:
            hint = did_you_mean(method, methods)
            message = f'is {method!r}, but there are {", ".join(methods)}{hint}'
            problems.append(Problem(f'custom_cfg.{i}.method_name', message))
        if window not in ('epoch', 'global') and not isinstance(window, int):
            message = (
                f"is {window!r}; expected a number of iterations, 'epoch' or 'global'"
            )
            problems.append(Problem(f'custom_cfg.{i}.window_size', message))
    if problems:
        raise ConfigError(problems)
    return LOG_PROCESSORS.build(dict(type='LogProcessor') | dict(cfg))
