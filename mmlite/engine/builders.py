"""Build the parts of a runner, with errors that name the place in the config."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.optim import OptimWrapperDict
from mmengine.runner import BaseLoop, Runner

from ..config import loaders_in, misnamed_schedules
from ..errors import ConfigError, DataNotFoundError, Problem, at
from ..registry import EVALUATORS, LOOPS
from .checks import check_classes
from .classes import classes_of, follow_classes
from .dataloaders import build_dataloader

#: Hooks that every runner has, by mmengine's names and three of our own.
DEFAULT_HOOKS: dict[str, dict] = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    logger=dict(type='LoggerHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    nan_check=dict(type='NanLossHook'),
    progress=dict(type='ProgressHook'),
    report=dict(type='ReportHook'),
)


def merge_default_hooks(
    hooks: Mapping[str, Any] | None, of_model: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The default hooks, and those that the model states, with a config's changes.

    A hook without a ``type`` changes the default one of its name; None removes it.
    Other names add hooks.

    Example:
        >>> merge_default_hooks(dict(checkpoint=dict(interval=5)))['checkpoint']
        {'type': 'CheckpointHook', 'interval': 5}
    """
    merged: dict[str, Any] = copy.deepcopy({**DEFAULT_HOOKS, **(of_model or {})})
    for name, hook in (hooks or {}).items():
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
        cfg.pop('by_epoch', None)  # left over from a schedule; it was compared
        return cfg
    by_epoch = cfg.pop('by_epoch', 'max_iters' not in cfg)
    kind = 'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop'
    return dict(cfg, type=kind)


def check_schedule_names(schedulers: Any, optim_wrapper: Any) -> None:
    """Check that of several optimizers each has its schedules.

    Args:
        schedulers: What is built for them.
        optim_wrapper: The wrapper of one optimizer, or of several.

    Raises:
        ConfigError: if a name is another one.
    """
    if isinstance(optim_wrapper, OptimWrapperDict):
        names = list(optim_wrapper.keys())
        if message := misnamed_schedules(schedulers, names):
            raise ConfigError([Problem('', message)])


def build_evaluator(evaluator: Any) -> Evaluator:
    """Build an evaluator from metrics, or from a dict with ``metrics``."""
    if isinstance(evaluator, Evaluator):
        return evaluator
    if not (isinstance(evaluator, Mapping) and 'metrics' in evaluator):
        evaluator = dict(metrics=evaluator)
    return EVALUATORS.build(dict(type='Evaluator') | dict(evaluator))


def build_loaders_in(model: Mapping[str, Any], seed: int | None = None) -> Any:
    """A model's config in which the loaders that it describes are built.

    Args:
        model: The section ``model``; see :func:`~mmlite.config.data.loaders_in`.
        seed: Seeds the samplers and the workers.

    Raises:
        ConfigError: if a loader has mistakes, with its place in the model.
        DataError: if its data are absent, or make no sense.
    """
    places = [place for place, _ in loaders_in(model)]
    for place in places:
        with at(*place):
            model = _replaced(model, place, seed)
    return model


def _replaced(node: Any, place: Sequence[str], seed: int | None) -> Any:
    """A copy of a config, but for what stands at a place: that becomes a loader."""
    if not place:
        return build_dataloader(node, seed)
    copied = list(node) if isinstance(node, (list, tuple)) else dict(node)
    key: Any = int(place[0]) if isinstance(copied, list) else place[0]
    copied[key] = _replaced(copied[key], place[1:], seed)
    return copied
