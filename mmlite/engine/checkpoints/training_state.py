"""The state of a training as a checkpoint, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from mmengine.runner import Runner
from mmengine.version import __version__ as mmengine_version

from ...errors import CheckpointError, UserError
from ...version import __version__
from ..loops import TrainLoop, set_seed
from .comparison import Resumed, check_optimizer_types, differences
from .content import check_meta, mapping, odd
from .matching import unwrapped
from .optimizer_state import fitted_state, optimizer_state, parameter_names
from .resuming import preserved_rng, readable_hub, rng_state, set_rng_state
from .schedules import fitted_schedules, schedule_states

#: What reading values of an unexpected type or size raises.
_ODD = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Origin(NamedTuple):
    """Where a training was resumed from.

    Args:
        source: The checkpoint.
        cfg: The config that it was trained with, as far as it can be read.
    """

    source: str
    cfg: dict[str, Any]


@contextmanager
def odd_content(source: str) -> Iterator[None]:
    """Say in one line that a file cannot be resumed, whatever it holds.

    Raises:
        CheckpointError: instead of what the content of a file led to.
    """
    try:
        yield
    except UserError:
        raise
    except _ODD as error:
        reason = ' '.join(str(error).split())
        raise CheckpointError(
            f'{source} cannot be resumed, as it holds what no training saves '
            f'({type(error).__name__}: {reason}); resume another one, or use it as '
            'load_from to start a new training with its weights'
        ) from error


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
    lost: dict[str, str] = {}
    checkpoint: dict[str, Any] = dict(
        meta=dict(
            cfg=runner.cfg_text,
            seed=runner.seed,
            experiment_name=runner.experiment_name,
            time=time.strftime('%Y%m%d_%H%M%S'),
            mmengine_version=mmengine_version,
            mmlite_version=__version__,
            batches_per_epoch=len(runner.train_dataloader),
            dataset_size=_size(runner),
            dataset_meta=_metainfo(runner),
            **meta,
        ),
        state_dict=unwrapped(runner.model).state_dict(),
        rng_states=rng_states or [rng_state()],
    )
    if save_optimizer:
        checkpoint['optimizer'] = optimizer_state(runner.optim_wrapper, lost)
        model = unwrapped(runner.model)
        checkpoint['optimizer_names'] = parameter_names(runner.optim_wrapper, model)
    if save_param_scheduler and runner.param_schedulers is not None:
        states = schedule_states(runner.param_schedulers, lost)
        checkpoint['param_schedulers'] = states
    if lost:
        runner.logger.warning(
            'a checkpoint holds plain data only, so that it cannot be resumed without '
            + ', '.join(f'{place} ({kind})' for place, kind in lost.items())
        )
    return checkpoint


def restore_training(
    runner: Runner,
    checkpoint: Mapping[str, Any],
    source: str,
    with_optimizer: bool,
    with_schedulers: bool,
) -> dict[str, Any]:
    """Go on from a checkpoint whose weights have been loaded.

    All of it is compared with the config and the model before any of it is used.

    Args:
        runner: A runner whose loops, optimizer and schedulers are built.
        checkpoint: What was saved, by mmlite or by mmengine.
        source: Where it came from, for messages.
        with_optimizer: Whether to restore the optimizer.
        with_schedulers: Whether to restore the schedulers.

    Returns:
        The config that the checkpoint was trained with, as far as it can be read.

    Raises:
        CheckpointError: if it holds weights only, those of another optimizer, or
            anything else that cannot be resumed.
    """
    meta = check_meta(checkpoint, source)
    saved = Resumed.of(source, checkpoint, meta, with_optimizer, with_schedulers)
    check_optimizer_types(runner, saved)
    wrapper, model = runner.optim_wrapper, unwrapped(runner.model)
    with_optimizer = with_optimizer and 'optimizer' in checkpoint
    with_schedulers = with_schedulers and 'param_schedulers' in checkpoint
    if with_optimizer:
        state = fitted_state(wrapper, model, checkpoint, source)
        saved = saved._replace(content=dict(checkpoint, optimizer=state))
    if with_schedulers:
        schedules = checkpoint['param_schedulers']
        fitted_schedules(runner.param_schedulers, schedules, source)
    hub = readable_hub(checkpoint.get('message_hub'), source)
    rng = _rng_state_of(runner, checkpoint, source)
    for line in differences(runner, saved):
        runner.logger.warning(line)

    _restore_place(runner, meta, source)
    _restore_seed(runner, meta)
    runner.message_hub.load_state_dict(hub)
    if with_optimizer:
        _load_optimizer(wrapper, state, source)
    if with_schedulers:
        for scheduler, its in fitted_schedules(
            runner.param_schedulers, schedules, source
        ):
            scheduler.load_state_dict(its)
    runner.pending_rng = rng
    return dict(saved.cfg)


def _load_optimizer(wrapper: Any, state: dict[str, Any], source: str) -> None:
    try:
        wrapper.load_state_dict(state)
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f'{source} was saved with another optimizer or schedule: {error}; '
            'use it as load_from to start a new training with its weights'
        ) from error


def _rng_state_of(
    runner: Runner, checkpoint: Mapping[str, Any], source: str
) -> Mapping[str, Any] | None:
    """The random state of this process, once it is seen to be one."""
    states = checkpoint.get('rng_states')
    if states is None:  # a checkpoint of mmengine
        return None
    if not isinstance(states, (list, tuple)):
        raise odd(source, 'rng_states', states, 'a list of states')
    if runner.rank >= len(states):
        return None
    state = mapping(states[runner.rank], source, f'rng_states.{runner.rank}')
    try:
        with preserved_rng():
            set_rng_state(state)
    except (TypeError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        place = f'rng_states.{runner.rank}'
        raise odd(source, place, list(state), f'a random state ({error})') from error
    return state


def _restore_place(runner: Runner, meta: Mapping[str, Any], source: str) -> None:
    loop = runner.train_loop
    if not isinstance(loop, TrainLoop):
        loop._epoch, loop._iter = meta['epoch'], meta['iter']
        return
    if not loop.resume(meta['epoch'], meta['iter'], meta.get('batches_per_epoch')):
        runner.logger.warning(
            f'{source} was saved within an epoch of {meta.get("batches_per_epoch")} '
            f'batches, but now there are {len(loop.dataloader)}; the epoch starts again'
        )
    due = meta.get('validating', _before_validation(meta, loop))
    loop.validating = due and runner._val_loop is not None


def _before_validation(meta: Mapping[str, Any], loop: TrainLoop) -> bool:
    """Whether a checkpoint of mmengine was saved right before a validation."""
    return 'mmlite_version' not in meta and loop.validates_after(loop.epoch, loop.iter)


def _restore_seed(runner: Runner, meta: Mapping[str, Any]) -> None:
    seed = meta.get('seed')
    if seed is None or seed == runner.seed:
        return
    options = dict(runner._randomness_cfg, seed=seed)
    runner.set_randomness(**options)
    set_seed(runner.train_dataloader, seed)


def _size(runner: Runner) -> int | None:
    dataset = runner.train_dataloader.dataset
    return len(dataset) if hasattr(dataset, '__len__') else None


def _metainfo(runner: Runner) -> Any:
    return getattr(runner.train_dataloader.dataset, 'metainfo', None)
