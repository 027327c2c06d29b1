"""Build data loaders: fast by default, with errors that say what to change."""

from __future__ import annotations

import gc
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import torch
from mmengine.dataset import worker_init_fn as seed_worker
from mmengine.device import get_device
from mmengine.dist import get_rank, get_world_size
from mmengine.logging import print_log
from mmengine.runner.runner import _SlicedDataset
from torch.utils.data import DataLoader, Dataset, Sampler

from ..config.data import check_loader_keys
from ..datasets import SeededBatchSampler, limit_opencv_threads, load_in_memory
from ..datasets.samplers import StartableBatches
from ..errors import ConfigError, DataError, Problem, at, did_you_mean
from ..registry import DATA_SAMPLERS, DATASETS, FUNCTIONS
from ..signature import arguments_of
from .in_memory_loader import InMemoryLoader
from .interrupt import outlive_signals

#: How torch's warning of more workers than cores begins, which one line stands for.
OF_WORKERS = 'This DataLoader will create'


class EpochGenerator(torch.Generator):
    """What a loader draws its workers' seeds from, anew for every epoch.

    With one of its own, a loader leaves the global generator alone when an epoch
    begins, and a resumed run seeds its workers as the straight one does.

    Args:
        seed: The seed of the run.
    """

    def __new__(cls, seed: int) -> EpochGenerator:
        """Make a generator on the CPU."""
        return super().__new__(cls)

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed_of_run = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Begin the sequence of an epoch."""
        self.manual_seed(self.seed_of_run + epoch)


def build_dataloader(
    cfg: Mapping[str, Any], seed: int | None = None, diff_rank_seed: bool = False
) -> DataLoader:
    """Build the dataset, the sampler and the loader that a dict describes.

    Unless the dict says otherwise, samples are collated by ``default_collate``,
    workers stay alive between epochs, and memory is pinned if there is a GPU.
    With ``in_memory=True`` the images go to the device once, and batches are made
    there: see :class:`InMemoryLoader`. Workers, and what else concerns them, are then
    not needed and left out.

    Args:
        cfg: ``dataset``, ``sampler`` or ``batch_sampler``, ``batch_size``,
            ``num_workers``, ``collate_fn``, ``in_memory`` and whatever else
            ``torch.utils.data.DataLoader`` takes.
        seed: Seeds the sampler and the workers.
        diff_rank_seed: Whether the processes draw different samplers' seeds.

    Raises:
        ConfigError: if the dict has mistakes.
        DataError: if there are no data, or fewer than one batch.
    """
    cfg = dict(cfg)
    if problems := check_loader_keys(cfg):
        raise ConfigError(problems)
    dataset = _build_dataset(cfg)
    sampler = _build_sampler(cfg.pop('sampler', None), dataset, seed, diff_rank_seed)
    if cfg.pop('in_memory', False):
        return _build_in_memory_loader(cfg, dataset, sampler, seed)
    batch_sampler = _build_batch_sampler(cfg, dataset, sampler, seed, diff_rank_seed)
    cfg['worker_init_fn'] = _build_worker_init(cfg, seed)
    cfg['collate_fn'] = _build_function(
        cfg.pop('collate_fn', None) or dict(type='default_collate'), 'collate_fn'
    )
    _set_defaults(cfg)
    loader = DataLoader(
        dataset,
        sampler=sampler if batch_sampler is None else None,
        batch_sampler=batch_sampler,
        generator=EpochGenerator(seed or 0),
        **cfg,
    )
    _check_size(loader)
    return loader


def _build_in_memory_loader(
    cfg: dict[str, Any], dataset: Dataset, sampler: Sampler, seed: int | None
) -> InMemoryLoader:
    whole = dataset._dataset if isinstance(dataset, _SlicedDataset) else dataset
    with at('dataset'):
        data = load_in_memory(whole, torch.device(get_device()))
    loader = InMemoryLoader(
        dataset,
        data,
        sampler,
        cfg['batch_size'],
        cfg.get('drop_last', False),
        EpochGenerator(seed or 0),
    )
    _check_size(loader)
    return loader


def batch_size_of(dataloader: DataLoader) -> int | None:
    """Samples of a batch of this process; None if a batch sampler does not say.

    Example:
        >>> batch_size_of(DataLoader(range(4), batch_size=2))
        2
    """
    if dataloader.batch_size is not None:
        return dataloader.batch_size
    batch_sampler = getattr(dataloader, 'batch_sampler', None)
    inner = getattr(batch_sampler, 'inner', None)
    found = getattr(batch_sampler, 'batch_size', getattr(inner, 'batch_size', None))
    return found if isinstance(found, int) else None


def stop_workers(dataloader: DataLoader) -> None:
    """Let the workers that wait for another epoch end.

    Left to Python's garbage collection they take seconds each, as it tears down their
    queues first.
    """
    iterator = dataloader._iterator if dataloader.persistent_workers else None
    if iterator is not None:
        dataloader._iterator = None
        iterator._shutdown_workers()


def _build_dataset(cfg: dict[str, Any]) -> Dataset:
    dataset = cfg.pop('dataset')
    if isinstance(dataset, dict):
        with at('dataset'):
            dataset = DATASETS.build(dataset)
            full_init = getattr(dataset, 'full_init', None)
            if full_init is not None:
                full_init()
    if hasattr(dataset, '__len__') and len(dataset) == 0:
        raise DataError(f'{type(dataset).__name__} holds no samples')
    batches = None
    if cfg.get('batch_sampler') is None:  # which counts the batches itself
        batches = cfg.pop('num_batch_per_epoch', None)
    if batches is None:
        return dataset
    return _SlicedDataset(dataset, batches * cfg['batch_size'] * get_world_size())


def _build_sampler(
    sampler: Any, dataset: Dataset, seed: int | None, diff_rank_seed: bool
) -> Sampler | None:
    if not isinstance(sampler, dict):
        return sampler
    given = dict(dataset=dataset, seed=None if diff_rank_seed else seed)
    with at('sampler'):
        return DATA_SAMPLERS.build(sampler, default_args=given)


def _build_batch_sampler(
    cfg: dict[str, Any],
    dataset: Dataset,
    sampler: Sampler | None,
    seed: int | None,
    diff_rank_seed: bool,
) -> SeededBatchSampler | None:
    """What gives whole batches; it takes over what else says how they are made."""
    given = cfg.pop('batch_sampler', None)
    limit = cfg.pop('num_batch_per_epoch', None)
    if given is None:
        return None
    seed = None if diff_rank_seed else seed
    size, drop_last = cfg.pop('batch_size', None), cfg.pop('drop_last', None)
    if isinstance(given, dict):
        known: dict[str, Any] = dict(
            dataset=dataset, drop_last=bool(drop_last), seed=seed
        )
        known |= {} if size is None else dict(batch_size=size)
        known |= {} if sampler is None else dict(sampler=sampler)
        with at('batch_sampler'):
            given = _build_with(given, known)
    if isinstance(given, SeededBatchSampler) and limit is None:
        return given
    return StartableBatches(given, dataset, seed, limit)


def _build_with(cfg: Mapping[str, Any], known: dict[str, Any]) -> Any:
    """Build a batch sampler with as much of what is known as its class takes."""
    kind = cfg.get('type')
    target = DATA_SAMPLERS.get(kind) if isinstance(kind, str) else kind
    if callable(target):
        arguments = arguments_of(target)
        if 'sampler' in arguments.required and not {'sampler'} & {*cfg, *known}:
            message = (
                f'{target.__name__} makes batches of what a sampler gives, and there '
                "is none; add sampler=dict(type='DefaultSampler', shuffle=True)"
            )
            raise ConfigError([Problem('', message)])
        if not arguments.open:
            known = {k: v for k, v in known.items() if k in arguments.kinds}
    return DATA_SAMPLERS.build(cfg, default_args=known)


def _build_function(cfg: Any, key: str) -> Callable:
    if callable(cfg):
        return cfg
    options = dict(type=cfg) if isinstance(cfg, str) else dict(cfg)
    name = options.pop('type', None)
    function = FUNCTIONS.get(name) if isinstance(name, str) else name
    if function is None:
        hint = did_you_mean(name, FUNCTIONS.names())
        raise ConfigError([Problem(key, f'unknown type {name!r}{hint}')])
    return partial(function, **options) if options else function


def _build_worker_init(cfg: dict[str, Any], seed: int | None) -> Callable:
    quiet = cfg.pop('disable_subprocess_warning', False)
    own = cfg.pop('worker_init_fn', None)
    if own is not None:
        own = _build_function(own, 'worker_init_fn')
    elif seed is not None:
        own = partial(
            seed_worker,
            num_workers=cfg.get('num_workers', 0),
            rank=get_rank(),
            seed=seed,
            disable_subprocess_warning=quiet,
        )
    return start_worker if own is None else partial(_start_worker, own)


@cache
def keep_in_workers() -> None:
    """Let the processes that are forked from now on keep what they inherit.

    Were Python's garbage collection to come upon a tensor of the GPU there, which
    only its own process can free, it would end the process.
    """
    if hasattr(os, 'register_at_fork'):  # not on Windows, which does not fork
        os.register_at_fork(after_in_child=gc.freeze)


def show_unless_left(kind: type, error: BaseException, trace: Any) -> None:
    """Show an error of a worker, unless the main process has left it.

    One that is interrupted ends its workers while they hand over tensors.

    Args:
        kind: Its class.
        error: The error.
        trace: Where it was raised.
    """
    if not issubclass(kind, (ConnectionError, EOFError)):
        sys.__excepthook__(kind, error, trace)


def start_worker(worker_id: int) -> None:
    """What every worker does first."""
    outlive_signals()
    sys.excepthook = show_unless_left
    torch.set_num_threads(1)
    limit_opencv_threads()


def _start_worker(own: Callable, worker_id: int) -> None:
    start_worker(worker_id)
    own(worker_id)


def _set_defaults(cfg: dict[str, Any]) -> None:
    workers = cfg.setdefault('num_workers', 0)
    if workers:
        # Each time, as the filter ends with what it was set within.
        warnings.filterwarnings('ignore', OF_WORKERS)
        report_many_workers(workers)
        keep_in_workers()
        cfg.setdefault('persistent_workers', True)
    else:  # torch refuses them
        for key in ('persistent_workers', 'prefetch_factor', 'timeout'):
            cfg.pop(key, None)
    on_gpu = torch.cuda.is_available()
    cfg['pin_memory'] = cfg.get('pin_memory', on_gpu) and on_gpu


@cache
def report_many_workers(workers: int) -> None:
    """Say in one line, once, what torch says in several for each loader.

    Args:
        workers: Processes that a loader starts.
    """
    own = getattr(os, 'sched_getaffinity', None)
    cores = len(own(0)) if own else os.cpu_count() or 1
    if workers > cores:
        print_log(
            f'num_workers={workers} of a data loader are more than the {cores} CPU '
            f'cores that this process may use; num_workers={cores} is likely to be '
            'faster',
            logger='current',
            level=logging.WARNING,
        )


def _check_size(loader: DataLoader) -> None:
    if not hasattr(loader.dataset, '__len__') or len(loader) > 0:
        return
    if loader.batch_size is None:
        raise DataError(
            f'{type(loader.batch_sampler).__name__} gives no batch of '
            f'{type(loader.dataset).__name__}, which has {len(loader.dataset)} samples'
        )
    processes = get_world_size()
    shared = f' shared by {processes} processes' if processes > 1 else ''
    raise DataError(
        f'{type(loader.dataset).__name__} has {len(loader.dataset)} samples{shared}, '
        f'fewer than one batch of {loader.batch_size}, and drop_last=True leaves '
        'none; set a smaller batch_size, or drop_last=False'
    )
