"""What a config can hold: its top-level keys, and the names inside each.

A section whose dict names no ``type`` is described by a function that would
take it: the function's arguments are the section's keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import torch

from ..errors import did_you_mean
from ..lookup import loaded_object, scoped
from ..registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    METRICS,
    MODEL_WRAPPERS,
    MODELS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    RUNNERS,
    TASK_UTILS,
    TRANSFORMS,
    VISBACKENDS,
    VISUALIZERS,
    Registry,
)
from ..signature import Arguments, arguments_of

__all__ = [
    'HOOK_TYPES',
    'LEGACY_KEYS',
    'SECTIONS',
    'Slot',
    'arguments_at',
    'clip_grad',
    'custom_imports',
    'custom_key',
    'dataloader',
    'paramwise_cfg',
    'settings',
    'slot_of',
    'top_level_hint',
    'top_level_keys',
]

# The hooks that every run has; a config changes them by name, and adds others.
HOOK_TYPES = {
    'runtime_info': 'RuntimeInfoHook',
    'timer': 'IterTimerHook',
    'sampler_seed': 'DistSamplerSeedHook',
    'logger': 'LoggerHook',
    'param_scheduler': 'ParamSchedulerHook',
    'checkpoint': 'CheckpointHook',
    'nan_check': 'NanLossHook',
    'disparity_check': 'DisparityCheckHook',
    'progress': 'ProgressHook',
    'visualization': 'VisualizationHook',
    'report': 'ReportHook',
}

# Beside the arguments of the Runner.
_OTHER_KEYS = frozenset(
    {
        'activation_checkpointing',
        'channels_last',
        'compile',
        'custom_imports',
        'efficient_conv_bn_eval',
        'find_unused_parameters',
        'loss_cfg',
        'model_cfg',
        'model_wrapper_cfg',
        'runner_type',
        'stand_in',
        'sync_bn',
        'tta_model',
        'tta_pipeline',
        'vis_backends',
    }
)

# What older configs, and those of OpenGait, call it, and where it stands today.
LEGACY_KEYS = {
    'checkpoint_config': 'default_hooks.checkpoint',
    'cudnn_benchmark': 'env_cfg.cudnn_benchmark',
    'data': 'train_dataloader, val_dataloader and test_dataloader',
    'data_cfg': 'train_dataloader.dataset',
    'dist_params': 'env_cfg.dist_cfg',
    'evaluation': 'val_evaluator and train_cfg.val_interval',
    'evaluator_cfg': 'val_evaluator and test_evaluator',
    'fp16': "optim_wrapper.type = 'AmpOptimWrapper'",
    'log_config': 'default_hooks.logger',
    'lr_config': 'param_scheduler',
    'momentum_config': 'param_scheduler',
    'mp_start_method': 'env_cfg.mp_cfg.mp_start_method',
    'opencv_num_threads': 'env_cfg.mp_cfg.opencv_num_threads',
    'optimizer': 'optim_wrapper.optimizer',
    'optimizer_config': 'optim_wrapper.clip_grad',
    'optimizer_cfg': 'optim_wrapper.optimizer',
    'resume_from': 'load_from, with resume = True',
    'runner': 'train_cfg',
    'scheduler_cfg': 'param_scheduler',
    'trainer_cfg': 'train_cfg and optim_wrapper',
    'workflow': 'train_cfg and val_cfg',
}


def dataloader(
    dataset: dict,
    sampler: dict,
    batch_size: int = 1,
    num_workers: int = 0,
    batch_sampler: dict | None = None,
    collate_fn: dict | Callable | None = None,
    drop_last: bool = False,
    pin_memory: bool = False,
    persistent_workers: bool = False,
    prefetch_factor: int | None = None,
    timeout: float = 0,
    worker_init_fn: dict | Callable | None = None,
    multiprocessing_context: str | None = None,
    pin_memory_device: str = '',
    in_order: bool = True,
    num_batch_per_epoch: int | None = None,
    disable_subprocess_warning: bool = False,
    in_memory: bool = False,
) -> None:
    """The keys of ``train_dataloader``, ``val_dataloader``, ``test_dataloader``."""


def env_cfg(
    cudnn_benchmark: bool = False,
    tf32: bool = True,
    mp_cfg: dict | None = None,
    dist_cfg: dict | None = None,
    resource_limit: int = 4096,
) -> None:
    """The keys of ``env_cfg``."""


def mp_cfg(
    mp_start_method: Literal['fork', 'spawn', 'forkserver'] = 'fork',
    opencv_num_threads: int = 0,
) -> None:
    """The keys of ``env_cfg.mp_cfg``."""


def dist_cfg(
    backend: str = 'nccl',
    timeout: float | None = None,
    init_backend: str = 'torch',
    **kwargs: Any,
) -> None:
    """The keys of ``env_cfg.dist_cfg``."""


def randomness(
    seed: int | None = None, diff_rank_seed: bool = False, deterministic: bool = False
) -> None:
    """The keys of ``randomness``."""


def auto_scale_lr(base_batch_size: int, enable: bool = False) -> None:
    """The keys of ``auto_scale_lr``."""


def custom_imports(
    imports: str | Sequence[str], allow_failed_imports: bool = False
) -> None:
    """The keys of ``custom_imports``."""


def paramwise_cfg(
    bias_lr_mult: float = 1.0,
    bias_decay_mult: float = 1.0,
    norm_decay_mult: float = 1.0,
    dwconv_decay_mult: float = 1.0,
    flat_decay_mult: float = 1.0,
    dcn_offset_lr_mult: float = 1.0,
    bypass_duplicate: bool = False,
    custom_keys: dict | None = None,
) -> None:
    """The keys of ``optim_wrapper.paramwise_cfg``."""


def clip_grad(
    type: Literal['norm', 'value'] = 'norm',
    max_norm: float | None = None,
    norm_type: float | str = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
    clip_value: float | None = None,
) -> None:
    """The keys of ``optim_wrapper.clip_grad``, of both types."""


def custom_key(lr_mult: float = 1.0, decay_mult: float = 1.0) -> None:
    """The keys of each of ``optim_wrapper.paramwise_cfg.custom_keys``."""


#: What logging calls its levels, or the number of one.
LogLevel = (
    Literal['DEBUG', 'INFO', 'WARN', 'WARNING', 'ERROR', 'FATAL', 'CRITICAL'] | int
)


def settings(
    channels_last: bool = False,
    default_scope: str | None = None,
    experiment_name: str | None = None,
    find_unused_parameters: bool = False,
    launcher: Literal['none', 'pytorch', 'slurm', 'mpi'] = 'none',
    load_from: str | None = None,
    log_level: LogLevel = 'INFO',
    resume: bool | str = False,
    stand_in: str | None = None,
    sync_bn: Literal['torch', None] = None,
    work_dir: str | None = None,
) -> None:
    """The top-level keys with a plain value."""


SECTIONS: dict[tuple[str, ...], Callable] = {
    ('train_dataloader',): dataloader,
    ('val_dataloader',): dataloader,
    ('test_dataloader',): dataloader,
    ('env_cfg',): env_cfg,
    ('env_cfg', 'mp_cfg'): mp_cfg,
    ('env_cfg', 'dist_cfg'): dist_cfg,
    ('randomness',): randomness,
    ('auto_scale_lr',): auto_scale_lr,
    ('custom_imports',): custom_imports,
    ('compile',): torch.compile,
    ('optim_wrapper', 'clip_grad'): clip_grad,
    ('optim_wrapper', 'paramwise_cfg'): paramwise_cfg,
}


#: The loop of a training by epochs, or by iterations.
LOOP_OF = {True: 'EpochBasedTrainLoop', False: 'IterBasedTrainLoop'}


class Slot(NamedTuple):
    """A place for one part.

    Args:
        registry: Where its type is looked up.
        default: The type that it has when it names none.
        given: Arguments that the Runner adds, or keys that it takes.
    """

    registry: Registry
    default: str | None = None
    given: tuple[str, ...] = ()


_SLOTS: dict[tuple[str, ...], Slot] = {
    ('model',): Slot(MODELS, given=('data_preprocessor',)),
    ('tta_model',): Slot(MODELS, given=('module',)),
    ('val_cfg',): Slot(LOOPS, 'ValLoop', ('runner', 'dataloader', 'evaluator')),
    ('test_cfg',): Slot(LOOPS, 'TestLoop', ('runner', 'dataloader', 'evaluator')),
    ('optim_wrapper',): Slot(
        OPTIM_WRAPPERS, 'OptimWrapper', ('optimizer', 'constructor', 'paramwise_cfg')
    ),
    ('optim_wrapper', 'optimizer'): Slot(OPTIMIZERS, given=('params',)),
    ('param_scheduler',): Slot(PARAM_SCHEDULERS, given=('optimizer',)),
    ('log_processor',): Slot(LOG_PROCESSORS, 'LogProcessor'),
    ('visualizer',): Slot(VISUALIZERS, 'UniversalVisualizer', ('name', 'save_dir')),
    ('model_wrapper_cfg',): Slot(
        MODEL_WRAPPERS, 'MMDistributedDataParallel', ('module', 'device_ids')
    ),
}


def slot_of(keys: tuple[str, ...], cfg: Mapping[str, Any]) -> Slot | None:
    """The slot of the part that stands at ``keys``, if that is a fixed place.

    Example:
        >>> slot_of(('train_cfg',), dict(by_epoch=False)).default
        'IterBasedTrainLoop'
    """
    if keys == ('train_cfg',):
        by_epoch = cfg.get('by_epoch', 'max_iters' not in cfg)
        loop = LOOP_OF[bool(by_epoch)]
        return Slot(LOOPS, loop, ('runner', 'dataloader', 'by_epoch'))
    if keys[:1] == ('default_hooks',) and len(keys) == 2:
        return Slot(HOOKS, HOOK_TYPES.get(keys[1]), ('priority',))
    return _SLOTS.get(keys)


def arguments_at(keys: tuple[str, ...], cfg: Mapping[str, Any]) -> Arguments | None:
    """The names that the dict at ``keys`` can hold; None if unknown.

    Args:
        keys: Where in the config the dict stands.
        cfg: The dict itself.
    """
    if not keys:
        return Arguments((), dict.fromkeys(top_level_keys(), Any), open=False)
    if keys == ('default_hooks',):
        return Arguments((), dict.fromkeys(HOOK_TYPES, Any), open=False)
    if section := SECTIONS.get(keys):
        return arguments_of(section)
    slot = slot_of(keys, cfg)
    kind = cfg.get('type', slot and slot.default)
    found = _targets(kind, slot)
    if not found:
        # The model around it knows the type of a preprocessor that names none.
        by_model = keys[-1] == 'data_preprocessor' and kind is None
        return Arguments((), {}, open=True) if by_model else None
    every = [arguments_of(target) for target in found]
    kinds = {'type': Any, **dict.fromkeys(slot.given if slot else (), Any)}
    for arguments in every:
        kinds |= arguments.kinds
    return Arguments((), kinds, any(arguments.open for arguments in every))


_ANYWHERE = (
    MODELS,
    TRANSFORMS,
    DATASETS,
    DATA_SAMPLERS,
    HOOKS,
    METRICS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    VISBACKENDS,
    TASK_UTILS,
)


def _targets(kind: Any, slot: Slot | None) -> list[Callable]:
    """The classes that a type can mean; a name may stand in several registries."""
    if callable(kind):
        return [kind]
    if not isinstance(kind, str):
        return []
    if scoped(kind)[0] is not None and loaded_object(kind) is None:
        return []  # a path that came as data is not imported to look at it
    registries = (slot.registry,) if slot else _ANYWHERE
    return [found for r in registries if (found := r.get(kind)) is not None]


def top_level_keys() -> frozenset[str]:
    """The keys that something reads: the Runner, the tools, the hooks."""
    runner = arguments_of(RUNNERS.get('Runner'))
    return _OTHER_KEYS | (runner.kinds.keys() - {'cfg'})


def top_level_hint(key: str, others: Collection[str] = ()) -> str:
    """What to write for an unknown top-level key.

    Args:
        key: The key.
        others: Keys that could be meant, beside the known ones.
    """
    if key in LEGACY_KEYS:
        return f'; that is now {LEGACY_KEYS[key]}'
    return did_you_mean(key, [*top_level_keys(), *others])
