"""Make whole batches of images that lie in one array or tensor."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...structures import SampleBatch
from ..seeded_index import SeededIndex, sample_seeds
from ..storage import ArrayList
from ..transforms import BatchTransform, PackInputs
from ..transforms.base import batched_version_of, draws

__all__ = ['Batch', 'ImageTable', 'table_of_arrays']


class Batch(Sequence):
    """Samples that are collated already; each is separated when it is asked for.

    Args:
        whole: ``dict(inputs=(B, C, H, W), data_samples=...)``, as
            ``default_collate`` gives it.

    Example:
        >>> batch = Batch(dict(inputs=torch.zeros(2, 3, 8, 8), data_samples='ab'))
        >>> len(batch), batch[1]['inputs'].shape, batch[1]['data_samples']
        (2, torch.Size([3, 8, 8]), 'b')
    """

    def __init__(self, whole: dict[str, Any]) -> None:
        self.whole = whole

    def __len__(self) -> int:
        return len(self.whole['inputs'])

    def __getitem__(self, place: int) -> dict[str, Any]:
        return {key: values[place] for key, values in self.whole.items()}


class ImageTable(NamedTuple):
    """Images with what belongs to them, from which batches are made.

    Args:
        images: The images, ``(N, C, H, W)``, on any device.
        samples: What belongs to them, on the CPU.
        numbers: The index of each image in its own dataset, ``(N, )``.
        rows: Where the samples of the dataset are among the images; None if they
            are in order.
        transforms: What is done to batches.
    """

    images: Tensor
    samples: SampleBatch
    numbers: np.ndarray
    rows: np.ndarray | None
    transforms: tuple[BatchTransform, ...]

    def rows_of(self, indices: np.ndarray) -> np.ndarray:
        """The rows of samples of the dataset, ``(B, )``."""
        return indices if self.rows is None else self.rows[indices]

    def draw(
        self, rows: np.ndarray, seeds: np.ndarray, epochs: int | np.ndarray
    ) -> np.ndarray:
        """The random numbers of all transforms, side by side.

        Args:
            rows: Which images, ``(B, )``.
            seeds: The seed of each sample, ``(B, )``, uint64.
            epochs: The epoch, one or of each.

        Shape:
            returns: ``(B, *)``, float32.
        """
        drawn = [
            # Each transform has seeds of its own, so that nothing is drawn twice.
            transform.draw(self.numbers[rows], sample_seeds(place, 0, seeds), epochs)
            for place, transform in enumerate(self.transforms)
        ]
        return np.concatenate([np.empty((len(rows), 0), np.float32), *drawn], axis=1)

    def batch(self, here: Tensor, there: Tensor, numbers: Tensor) -> dict[str, Any]:
        """A batch: ``dict(inputs=..., data_samples=...)``.

        Args:
            here: Which rows, ``(B, )``, on the CPU.
            there: The same on the device of the images.
            numbers: What :meth:`draw` gave, on the device of the images.
        """
        if self.images.is_contiguous():
            images = self.images.index_select(0, there)
        else:  # images whose channels lie together are copied as they lie
            pixels = self.images.permute(0, 2, 3, 1).index_select(0, there)
            images = pixels.permute(0, 3, 1, 2)
        start = 0
        for transform in self.transforms:
            end = start + transform.count
            images = transform.apply(images, numbers[:, start:end])
            start = end
        samples = self.samples.take(here)
        return dict(inputs=images.contiguous(), data_samples=samples)

    def batch_of(self, indices: Sequence[SeededIndex]) -> Batch:
        """A batch of samples of the dataset, of images on the CPU."""
        rows = self.rows_of(np.array(indices, np.int64))
        seeds = np.array([index.seed for index in indices], np.uint64)
        epochs = np.array([index.epoch for index in indices], np.int64)
        numbers = torch.from_numpy(self.draw(rows, seeds, epochs))
        here = torch.from_numpy(rows)
        return Batch(self.batch(here, here, numbers))


def table_of_arrays(stored: Any, steps: Sequence[Any]) -> ImageTable | None:
    """The table of what a dataset stores as arrays, without a copy.

    Args:
        stored: How the samples of the dataset are stored.
        steps: Its pipeline.

    Returns:
        None if they are no arrays, or a step cannot be done to batches.
    """
    *middle, last = steps or [None]
    if not isinstance(stored, ArrayList) or not is_plain_pack(last):
        return None
    batched = [batched_version_of(step) if draws(step) else None for step in middle]
    if any(step is None for step in batched):
        return None
    with warnings.catch_warnings():
        # The images are read-only, and nothing is written into them.
        warnings.filterwarnings('ignore', 'The given NumPy array is not writable')
        images = torch.from_numpy(stored.images).permute(0, 3, 1, 2)
    samples = with_final_sizes(samples_of_arrays(stored, last), images, batched)
    samples.bounds('gt_label')  # known to all batches from here on
    return ImageTable(images, samples, np.arange(len(stored)), None, tuple(batched))


def with_final_sizes(
    samples: SampleBatch, images: Tensor, transforms: Sequence[BatchTransform]
) -> SampleBatch:
    """The same samples, with the size of the images behind the transforms."""
    image = images[:1].to('meta')
    for transform in transforms:
        numbers = torch.empty(1, transform.count, device='meta')
        image = transform.apply(image, numbers)
    shapes = Same(tuple(image.shape[2:]), len(samples))
    metainfo = samples.metainfo | {'img_shape': shapes}
    return SampleBatch.of(len(samples), samples.fields, metainfo, samples.kind)


class Same(Sequence):
    """One value for every sample.

    Example:
        >>> Same((4, 6), 3)[2]
        (4, 6)
    """

    def __init__(self, value: Any, count: int) -> None:
        self.value = value
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> Any:
        return self.value


def is_plain_pack(step: Any) -> bool:
    """Whether a step is ``PackInputs`` itself, of ``img``."""
    return type(step) is PackInputs and step.input_key == 'img'


def samples_of_arrays(stored: ArrayList, pack: PackInputs) -> SampleBatch:
    """What belongs to images that are stored as arrays."""
    labels = torch.from_numpy(np.array(stored.labels, np.int64))
    known = dict(sample_idx=range(len(stored)))
    metainfo = {key: known[key] for key in pack.meta_keys if key in known}
    size = tuple(stored.images.shape[1:3])
    metainfo['img_shape'] = metainfo['ori_shape'] = Same(size, len(stored))
    samples = SampleBatch.of(len(stored), dict(gt_label=labels), metainfo)
    samples.bounds('gt_label')  # known to all batches from here on
    return samples
