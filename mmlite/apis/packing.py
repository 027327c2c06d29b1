"""Decode a dataset once, for many trainings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from mmengine.config import Config

from ..config import load_config
from ..datasets.packed_fields import KeepFields
from ..datasets.packed_files import PackWriter
from ..datasets.progress import Progress
from ..engine import build_dataloader
from ..engine.dataloaders import stop_workers
from ..engine.loops import batches_from
from ..errors import ConfigError, Problem, UserError

__all__ = ['pack_dataset']

_META = ('sample_idx', 'kept')
_LOADING = ('LoadImageFromFile', 'LoadAnnotations')
_BATCH = 32
_WORKERS = min(8, os.cpu_count() or 1)


def pack_dataset(
    source: str | Path | Config | Mapping[str, Any],
    out: str | Path,
    overrides: Sequence[str] = (),
    *,
    split: Literal['train', 'val', 'test'] | None = None,
    short_edge: int | None = None,
    center_crop: bool = False,
    size: int | Sequence[int] | None = None,
    interpolation: str = 'bilinear',
    on_error: Literal['raise', 'skip'] | None = None,
    num_workers: int | None = None,
) -> Path:
    """Decode and resize all images of a dataset once, into one file.

    A :class:`~mmlite.datasets.PackedDataset` reads them without decoding. All
    images of a file have one size. Beside the image of a sample all that is small is
    kept: labels, boxes and what belongs to them, paths, numbers, names. What is not
    (a second image, maps, sequences) is refused by name.

    Args:
        source: A folder of images, as :class:`~mmlite.datasets.CustomDataset` has
            it; a config file or a config, whose dataset of ``split`` is taken; or
            the dict of a dataset.
        out: The folder to write; it must not exist or be empty.
        overrides: ``'key.path=value'`` strings for a config.
        split: ``'train'``, ``'val'`` or ``'test'``; of a config ``'train'`` if not
            stated.
        short_edge: Resize so that the shorter edge has this length.
        center_crop: Whether to cut a square of ``short_edge`` out of the centre.
        size: ``(width, height)`` to resize to instead, or the edge of a square.
        interpolation: How to resize.
        on_error: ``'skip'`` leaves out images that cannot be read; by default as
            the dataset says.
        num_workers: Processes that decode; by default one a core, 8 at most.

    Returns:
        The folder.

    Raises:
        ConfigError: if the source or the arguments have mistakes.
        DataError: if images are broken or differ in size, or there is no room.

    Example:
        >>> out = pack_dataset(dict(type='Digits', split='test'), 'digits')
        >>> from mmlite.datasets import PackedDataset
        >>> len(PackedDataset('digits'))
        359
    """
    cfg = _dataset_cfg(source, overrides, split)
    resize = _resize_steps(short_edge, center_crop, size, interpolation)
    steps = [*_loading_steps(cfg), *resize]
    keep = KeepFields(is_resized=bool(resize))
    pack = dict(type='PackInputs', meta_keys=_META)
    skipping = {} if on_error is None else dict(on_error=on_error)
    decoded = {**cfg, **skipping, 'pipeline': [*steps, keep, pack]}
    origin = dict(dataset=str(cfg['type']), pipeline=[dict(step) for step in steps])
    _write_all(_loader_of(decoded, num_workers), out, origin)
    return Path(out)


def _loader_of(dataset: dict[str, Any], num_workers: int | None) -> Any:
    """What decodes a dataset, sample by sample in its order."""
    loader = dict(
        dataset=dataset,
        sampler=dict(type='DefaultSampler', shuffle=False),
        batch_size=_BATCH,
        num_workers=_WORKERS if num_workers is None else num_workers,
        pin_memory=False,
    )
    return build_dataloader(loader, seed=0)


def _write_all(loader: Any, out: str | Path, origin: Mapping[str, Any]) -> None:
    """Write what a loader decodes, its classes, and where it comes from."""
    count = len(loader.dataset)
    with (
        PackWriter(out, count) as writer,
        closing(Progress(f'into {out}', count)) as progress,
    ):
        try:
            _write(batches_from(loader, epoch=0, prefetch=False), writer, progress)
        finally:
            stop_workers(loader)
        writer.finish(loader.dataset.metainfo.get('classes'), **origin)


def _dataset_cfg(
    source: Any, overrides: Sequence[str], split: str | None
) -> dict[str, Any]:
    """The dict of the dataset that is meant."""
    is_dict = isinstance(source, Mapping) and not isinstance(source, Config)
    is_folder = isinstance(source, (str, Path)) and Path(source).is_dir()
    if overrides and (is_dict or is_folder):
        raise UserError('--cfg-options change a config; there is none here')
    if is_dict:
        return dict(source)
    if is_folder:
        load = [dict(type='LoadImageFromFile')]
        cfg = dict(type='CustomDataset', data_root=str(source), pipeline=load)
        return cfg if split is None else dict(cfg, split=split)
    config = load_config(source, overrides)
    key = f'{split or "train"}_dataloader'
    if config.get(key) is None or config[key].get('dataset') is None:
        raise ConfigError([Problem(key, 'has no dataset to pack')], config.filename)
    cfg = config[key].dataset
    while 'dataset' in cfg:  # one that repeats another
        cfg = cfg.dataset
    if 'datasets' in cfg:
        message = 'is made of several datasets; pack each of them, as the dict it is'
        raise ConfigError([Problem(f'{key}.dataset', message)], config.filename)
    return cfg.to_dict()


def _loading_steps(cfg: Mapping[str, Any]) -> list[Any]:
    """The steps of a pipeline that read files and annotations."""
    return [
        step
        for step in cfg.get('pipeline', ())
        if isinstance(step, Mapping) and step.get('type') in _LOADING
    ]


def _resize_steps(
    short_edge: int | None,
    center_crop: bool,
    size: int | Sequence[int] | None,
    interpolation: str,
) -> list[dict]:
    edges = [short_edge, *(size if isinstance(size, Sequence) else [size])]
    wrong = [edge for edge in edges if edge is not None and edge < 1]
    if wrong:
        raise UserError(f'short_edge and size must be at least 1 pixel, got {wrong[0]}')
    if size is not None and (short_edge is not None or center_crop):
        raise UserError('size goes with neither short_edge nor center_crop')
    if center_crop and short_edge is None:
        raise UserError('center_crop needs short_edge, the edge of the square')
    steps: list[dict] = []
    if size is not None:
        scale = size if isinstance(size, int) else tuple(size)
        steps.append(dict(type='Resize', scale=scale, interpolation=interpolation))
    if short_edge is not None:
        edge = dict(type='ResizeEdge', scale=short_edge, edge='short')
        steps.append(dict(edge, interpolation=interpolation))
    if center_crop:
        steps.append(dict(type='CenterCrop', crop_size=short_edge))
    return steps


def _write(batches: Iterable[dict], writer: PackWriter, progress: Progress) -> None:
    place = 0
    for batch in batches:
        for image, sample in zip(batch['inputs'], batch['data_samples'], strict=True):
            # In the place of an image that cannot be read comes the next one, again.
            if sample.sample_idx == place:
                writer.add(image.permute(1, 2, 0).numpy(), sample.kept)
            place += 1
        progress.update(len(batch['data_samples']))
