"""A whole dataset as one tensor, so that batches are made on the device."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine import dataset as engine
from torch import Tensor
from torch.utils.data import Dataset

from ...errors import ConfigError, DataError, Problem
from ...structures import DataSample, SampleBatch
from ..base_dataset import BaseDataset
from ..progress import Progress
from ..storage import ArrayList
from ..transforms import BatchTransform, Compose, refuse_left_behind
from ..transforms.base import batched_version_of, draws
from .image_table import (
    ImageTable,
    is_plain_pack,
    samples_of_arrays,
    with_final_sizes,
)

__all__ = ['load_in_memory']

_WAY_OUT = 'set in_memory=False'


def load_in_memory(dataset: Dataset, device: torch.device) -> ImageTable:
    """Bring all images of a dataset to a device.

    The first steps of its pipeline, up to the first random one, and the last one, which
    packs, are applied once to each sample. What is between them becomes transforms of
    batches.

    Args:
        dataset: A dataset with a pipeline; or one around such, which joins, repeats or
            divides them.
        device: The device.

    Raises:
        ConfigError: if a random step has no batched version, or stands before one
            that is not random.
        DataError: if images differ in size, or there is no room for them.
    """
    places, rows = _leaves(dataset)
    leaves = list(places.values())
    steps = [_split(leaf, place) for place, leaf in places.items()]
    random = {repr(middle): middle for _, middle in steps}
    if len(random) > 1:
        raise ConfigError(
            'in_memory needs datasets with the same random transforms, got '
            f'{" and ".join(random)}; {_WAY_OUT}'
        )
    parts = [
        _load(leaf, once, sum(map(len, leaves)), device)
        for leaf, (once, _) in zip(leaves, steps, strict=True)
    ]
    (middle,) = random.values()
    images = _joined([images for images, _ in parts])
    transforms = tuple(batched_version_of(step) for step in middle)
    samples = _samples([samples for _, samples in parts], images, transforms)
    _refuse_fields(transforms, samples)
    numbers = np.concatenate([np.arange(len(leaf)) for leaf in leaves])
    if np.array_equal(rows, np.arange(len(numbers))):
        rows = None  # one after the other
    return ImageTable(images, samples, numbers, rows, transforms)


def _refuse_fields(transforms: Sequence[BatchTransform], samples: SampleBatch) -> None:
    try:
        refuse_left_behind(transforms, samples)
    except DataError as error:
        raise DataError(
            f'{error}; in_memory=True moves whole batches, so {_WAY_OUT}'
        ) from None


def _leaves(dataset: Dataset, where: str = '') -> tuple[dict[str, Any], np.ndarray]:
    """The datasets with images inside one by their places, and its samples in them."""
    if isinstance(dataset, engine.ConcatDataset):
        places, rows, images = {}, [], 0
        for i, part in enumerate(dataset.datasets):
            inner, inside = _leaves(part, f'{where}datasets.{i}.')
            places |= inner
            rows.append(images + inside)
            images += sum(map(len, inner.values()))
        return places, np.concatenate(rows)
    has_steps = isinstance(getattr(dataset, 'pipeline', None), engine.Compose)
    if has_steps and not hasattr(dataset, 'dataset'):  # which are for what is inside
        return {where: dataset}, np.arange(len(dataset))
    if not has_steps and hasattr(dataset, '_get_ori_dataset_idx'):
        places, inside = _leaves(dataset.dataset, f'{where}dataset.')
        rows = [dataset._get_ori_dataset_idx(i) for i in range(len(dataset))]
        return places, inside[rows]
    raise ConfigError(
        'in_memory needs a dataset with a pipeline of transforms for each sample, '
        f'which {type(dataset).__name__} lacks; {_WAY_OUT}'
    )


def _split(leaf: Any, where: str) -> tuple[list, list]:
    """The steps of a pipeline that are done once, and the random ones."""
    steps = list(leaf.pipeline.transforms)
    is_random = [draws(step) for step in steps]
    first = is_random.index(True) if True in is_random else max(0, len(steps) - 1)
    middle = steps[first:-1]
    for place, step in enumerate(steps[first:], first):
        problem = _problem(step, is_last=place == len(steps) - 1)
        if problem:
            function = getattr(step, 'func', step)  # of a partial
            name = getattr(function, '__name__', type(step).__name__)
            path = f'{where}pipeline.{place}'
            raise ConfigError([Problem(path, f'{name} {problem}; {_WAY_OUT}')])
    return [*steps[:first], *steps[-1:]], middle


def _problem(step: Any, is_last: bool) -> str:
    """What keeps a step from standing behind the first random one."""
    if not draws(step):
        return (
            ''
            if is_last
            else (
                'stands behind a random transform, but is done once, before them, with '
                'in_memory=True; put it in front of them'
            )
        )
    if is_last:
        return 'ends the pipeline, which has to end with PackInputs for in_memory=True'
    if batched_version_of(step) is None:
        return (
            'has no batched version, which in_memory=True needs; leave it out, give '
            'its class a method batched(), or is_random = False if it is not random'
        )
    return ''


def _load(
    leaf: Any, once: list, total: int, device: torch.device
) -> tuple[Tensor, SampleBatch]:
    """The images of one dataset, and what belongs to them."""
    stored = getattr(leaf, 'data_list', None)
    if (
        isinstance(stored, ArrayList)
        and isinstance(leaf, BaseDataset)
        and leaf.gives_what_it_stores
        and len(once) == 1
        and is_plain_pack(once[0])
    ):
        _check_room(total * stored.images[0].nbytes, device)
        images = stored.images.transpose(0, 3, 1, 2).copy(order='C')
        return torch.from_numpy(images).to(device), samples_of_arrays(stored, once[0])
    view = copy.copy(leaf)
    view.pipeline = Compose(once)
    return _decoded(view, total, device)


def _decoded(
    dataset: Any, total: int, device: torch.device
) -> tuple[Tensor, SampleBatch]:
    images, samples = None, []
    name = f'{type(dataset).__name__} into memory'
    with closing(Progress(name, len(dataset))) as progress:
        for place in range(len(dataset)):
            image, sample = _unpacked(dataset[place])
            if images is None:
                _check_room(total * image.numel() * image.element_size(), device)
                images = image.new_empty((len(dataset), *image.shape))
            _check_alike(image, images, place, sample)
            images[place] = image
            samples.append(sample)
            progress.update(1)
    return images.to(device), SampleBatch(samples)


def _unpacked(item: Any) -> tuple[Tensor, DataSample]:
    image = item.get('inputs') if isinstance(item, dict) else None
    sample = item.get('data_samples') if isinstance(item, dict) else None
    is_image = isinstance(image, Tensor) and image.ndim == 3
    if is_image and isinstance(sample, DataSample):
        return image, sample
    raise ConfigError(
        'in_memory needs a pipeline that ends with PackInputs and gives one image a '
        f'sample, neither views nor several inputs; {_WAY_OUT}'
    )


def _check_alike(image: Tensor, images: Tensor, place: int, sample: DataSample) -> None:
    if image.shape == images.shape[1:] and image.dtype == images.dtype:
        return
    path = sample.get('img_path')
    raise DataError(
        f'in_memory needs images of one size, but sample {place}'
        f'{f" ({path})" if path else ""} is {tuple(image.shape)} {image.dtype}, the '
        f'first one {tuple(images.shape[1:])} {images.dtype}; begin the pipeline with '
        f'e.g. Resize and CenterCrop, or {_WAY_OUT}'
    )


def _check_room(needed: int, device: torch.device) -> None:
    """Refuse before any image is read, rather than when the memory is full."""
    free = _free_bytes(device)
    if free is not None and needed > free:
        raise DataError(
            f'in_memory needs {needed:,} bytes ({needed / 2**30:.1f} GiB) for the '
            f'images, but {device} has {free:,} ({free / 2**30:.1f} GiB) free; '
            f'{_WAY_OUT}, or use smaller images'
        )


def _free_bytes(device: torch.device) -> int | None:
    if device.type == 'cuda':
        return torch.cuda.mem_get_info(device)[0]
    known = Path('/proc/meminfo')
    if device.type != 'cpu' or not known.is_file():
        return None
    lines = dict(line.split(':') for line in known.read_text().splitlines())
    return int(lines['MemAvailable'].split()[0]) * 1024


def _joined(parts: Sequence[Tensor]) -> Tensor:
    if len({(part.shape[1:], part.dtype) for part in parts}) > 1:
        raise DataError(
            'in_memory needs images of one size, but those of the datasets are '
            f'{[tuple(part.shape[1:]) for part in parts]}; {_WAY_OUT}'
        )
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _samples(
    parts: Sequence[SampleBatch], images: Tensor, transforms: Sequence[BatchTransform]
) -> SampleBatch:
    """What belongs to all images; ``img_shape`` is that of the batches."""
    samples = parts[0]
    if len(parts) > 1:
        samples = SampleBatch([sample for part in parts for sample in part])
    if 'img_shape' in samples.metainfo:
        samples = with_final_sizes(samples, images, transforms)
    samples.bounds('gt_label')  # known to all batches from here on
    return samples
