"""The state of a training as a checkpoint, and back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from mmengine.runner import Runner
from mmengine.version import __version__ as mmengine_version

from ...errors import CheckpointError
from ...version import __version__
from ..loops import TrainLoop, set_seed
from .matching import unwrapped
from .resuming import restore_hub, rng_state
from .unpickler import Placeholder


def training_state(
    runner: Runner,
    meta: Mapping[str, Any],
    save_optimizer: bool,
    save_param_scheduler: bool,
    rng_states: list | None,
) -> dict[str, Any]:
    """What a checkpoint holds, before hooks add to it.

    Args:
        runner: The runner.
        meta: At least ``epoch`` and ``iter``.
        save_optimizer: Whether to save the optimizer.
        save_param_scheduler: Whether to save the schedulers.
        rng_states: Random states of all processes; None takes this one's.
    """
    checkpoint: dict[str, Any] = dict(
        meta=dict(
            cfg=runner.cfg_text,
            seed=runner.seed,
            experiment_name=runner.experiment_name,
            time=time.strftime('%Y%m%d_%H%M%S'),
            mmengine_version=mmengine_version,
            mmlite_version=__version__,
            batches_per_epoch=len(runner.train_dataloader),
            dataset_meta=_metainfo(runner),
            **meta,
        ),
        state_dict=unwrapped(runner.model).state_dict(),
        rng_states=rng_states or [rng_state()],
    )
    if save_optimizer:
        checkpoint['optimizer'] = runner.optim_wrapper.state_dict()
    if save_param_scheduler and runner.param_schedulers is not None:
        checkpoint['param_schedulers'] = _scheduler_states(runner.param_schedulers)
    return checkpoint


def restore_training(
    runner: Runner,
    checkpoint: Mapping[str, Any],
    source: str,
    with_optimizer: bool,
    with_schedulers: bool,
) -> None:
    """Go on from a checkpoint whose weights have been loaded.

    Args:
        runner: A runner whose loops, optimizer and schedulers are built.
        checkpoint: What was saved, by mmlite or by mmengine.
        source: Where it came from, for messages.
        with_optimizer: Whether to restore the optimizer.
        with_schedulers: Whether to restore the schedulers.

    Raises:
        CheckpointError: if it holds weights only, or those of another optimizer.
    """
    meta = checkpoint.get('meta')
    if not isinstance(meta, Mapping) or not {'epoch', 'iter'} <= meta.keys():
        raise CheckpointError(
            f'{source} holds weights, but no state of a training; use it as '
            'load_from instead of resuming it'
        )
    _restore_place(runner, meta, source)
    _restore_seed(runner, meta)
    if _plain_mapping(checkpoint.get('message_hub')):
        restore_hub(runner.message_hub, checkpoint['message_hub'])
    try:
        if with_optimizer and 'optimizer' in checkpoint:
            runner.optim_wrapper.load_state_dict(dict(checkpoint['optimizer']))
        if with_schedulers and 'param_schedulers' in checkpoint:
            _restore_schedulers(runner, checkpoint['param_schedulers'])
    except (ValueError, KeyError) as error:
        raise CheckpointError(
            f'{source} was saved with another optimizer or schedule: {error}; '
            'take it as load_from to begin anew with its weights'
        ) from error
    states = checkpoint.get('rng_states')
    if states and runner.rank < len(states):
        runner.pending_rng = states[runner.rank]


def _restore_place(runner: Runner, meta: Mapping[str, Any], source: str) -> None:
    loop = runner.train_loop
    if not isinstance(loop, TrainLoop):
        loop._epoch, loop._iter = meta['epoch'], meta['iter']
        return
    loop.validating = bool(meta.get('validating'))
    if not loop.resume(meta['epoch'], meta['iter'], meta.get('batches_per_epoch')):
        runner.logger.warning(
            f'{source} was saved within an epoch of {meta.get("batches_per_epoch")} '
            f'batches, but now there are {len(loop.dataloader)}; the epoch begins anew'
        )


def _restore_seed(runner: Runner, meta: Mapping[str, Any]) -> None:
    seed = meta.get('seed')
    chosen = runner._randomness_cfg.get('seed')
    if seed is None or seed == runner.seed:
        return
    if chosen is not None:
        runner.logger.warning(
            f'randomness.seed is {chosen}, but the checkpoint was trained with '
            f'{seed}, which is used'
        )
    options = dict(runner._randomness_cfg, seed=seed)
    runner.set_randomness(**options)
    set_seed(runner.train_dataloader, seed)


def _restore_schedulers(runner: Runner, saved: Any) -> None:
    schedulers = runner.param_schedulers
    if schedulers is None:
        return
    if not isinstance(schedulers, dict):
        schedulers, saved = {'': schedulers}, {'': saved}
    for name, group in schedulers.items():
        if len(group) != len(saved[name]):
            raise ValueError(f'{len(saved[name])} schedulers there, {len(group)} here')
        for scheduler, state in zip(group, saved[name], strict=True):
            scheduler.load_state_dict(dict(state))
            _fit_to_groups(scheduler)


def _fit_to_groups(scheduler: Any) -> None:
    """Give a scheduler the values of its groups, if it was saved with others.

    mmengine makes a group for each parameter; here they are joined, and each
    has kept the value that it began with.
    """
    groups = scheduler.optimizer.param_groups
    if len(scheduler.base_values) != len(groups):
        name = f'initial_{scheduler.param_name}'
        scheduler.base_values = [group[name] for group in groups]


def _scheduler_states(schedulers: Any) -> Any:
    if isinstance(schedulers, dict):  # of several optimizers
        return {name: _scheduler_states(group) for name, group in schedulers.items()}
    return [scheduler.state_dict() for scheduler in schedulers]


def _plain_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and not isinstance(value, Placeholder)


def _metainfo(runner: Runner) -> Any:
    return getattr(runner.train_dataloader.dataset, 'metainfo', None)
