"""Batches of images and labels, made ready for a classifier."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor
from torch.nn import functional as F

from ...errors import ConfigError, DataError
from ...registry import MODELS, TASK_UTILS, TRANSFORMS
from ...structures import (
    DataSample,
    SampleBatch,
    check_labels,
    field_names,
    gather_field,
    has_field,
    move_field,
    packed_field,
    scatter_field,
)


@MODELS.register_module()
class ClsDataPreprocessor(BaseDataPreprocessor):
    """Bring a batch to the device, normalise, pad and augment it there.

    Images travel as uint8 and are widened on the device. Labels are checked
    while they are still on the CPU, then travel together; the samples keep
    views of the batch.

    Args:
        mean: Mean of each channel, in the units of the images (0 to 255), in
            the order that ``to_rgb`` leaves; None skips the normalisation.
        std: Standard deviation of each channel, likewise.
        pad_size_divisor: Height and width are padded at the bottom and right
            to a multiple of it.
        pad_value: What is padded with, after the normalisation.
        to_rgb: Whether to reverse the order of three channels (BGR to RGB).
        to_onehot: Whether to give every sample a ``gt_score`` from its
            ``gt_label``; batch augmentations imply it.
        num_classes: Number of classes ``K``; a classifier sets it to that of
            its head.
        batch_augments: Arguments of
            :class:`~mmlite.models.data_preprocessors.RandomBatchAugment`, e.g.
            ``dict(augments=dict(type='Mixup', alpha=0.8))``; only in training.
        batch_transforms: What is done to the images before they are normalised,
            one after the other, each image by its own random numbers: e.g.
            ``[dict(type='BatchRandomCrop', crop_size=32, padding=4)]``; only in
            training. A callable takes and gives the batch.

    Attributes:
        memory_format: How images of one size are laid out; by default as they come.

    Shape:
        inputs: ``(B, C, H, W)``, or a list of ``(C, H, W)`` of any sizes.
        returns: float32 ``(B, C, H', W')``; ``gt_score``: ``(K, )`` a sample.

    Raises:
        ValueError: if only one of ``mean`` and ``std`` is given, or they are
            of different lengths.
        DataError: if images or labels do not fit.

    Example:
        >>> prepare = ClsDataPreprocessor(mean=[100.], std=[50.], pad_size_divisor=4)
        >>> data = dict(inputs=torch.full((2, 1, 3, 3), 150, dtype=torch.uint8))
        >>> prepare(data)['inputs'][0]
        tensor([[[1., 1., 1., 0.],
                 [1., 1., 1., 0.],
                 [1., 1., 1., 0.],
                 [0., 0., 0., 0.]]])
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        to_onehot: bool = False,
        num_classes: int | None = None,
        batch_augments: dict | Callable | None = None,
        batch_transforms: Sequence[dict | Callable] | None = None,
    ) -> None:
        super().__init__(non_blocking=True)
        if (mean is None) != (std is None) or (mean and len(mean) != len(std)):
            raise ValueError(
                f'mean and std have one value per channel each, got {mean} and {std}'
            )
        if pad_size_divisor < 1:
            raise ValueError(f'pad_size_divisor is 1 or more, got {pad_size_divisor}')
        self.register_buffer('mean', _per_channel(mean), persistent=False)
        self.register_buffer('std', _per_channel(std), persistent=False)
        self.pad_size_divisor = pad_size_divisor
        self.pad_value = pad_value
        self.to_rgb = to_rgb
        self.num_classes = num_classes
        self._onehot_asked = to_onehot
        self.use_batch_augments(batch_augments)
        self.memory_format = torch.preserve_format
        self.batch_transforms = _build_transforms(batch_transforms or ())

    def use_batch_augments(self, batch_augments: dict | Callable | None) -> None:
        """Take other augmentations of batches from now on.

        Args:
            batch_augments: As for the constructor; None ends them.
        """
        self.batch_augments = _build_augments(batch_augments)
        self.to_onehot = self._onehot_asked or self.batch_augments is not None

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare what the data loader gives.

        Args:
            data: ``dict(inputs=..., data_samples=...)``; the samples are
                optional.
            training: Whether to apply the transforms and augmentations of
                batches.

        Returns:
            ``dict(inputs=..., data_samples=...)``, on the device.
        """
        if not isinstance(data, dict) or 'inputs' not in data:
            raise DataError(
                'a batch is dict(inputs=images, data_samples=samples), got '
                f'{_shown(data)}; end the pipeline of the dataset with PackInputs'
            )
        inputs = data['inputs']
        if training and self.batch_transforms:
            inputs = self._transformed(inputs)
        inputs = self._images(inputs)
        samples = data.get('data_samples')
        if not _are_samples(samples):
            return dict(inputs=inputs, data_samples=self.cast_data(samples))
        if self.num_classes:
            check_labels(samples, self.num_classes)
        if self.device.type != 'cpu':
            for name in field_names(samples):
                move_field(samples, name, self.device)
        scores = self._scores(samples) if self.to_onehot else None
        if training and self.batch_augments is not None:
            if scores is None:
                raise DataError(
                    'batch augmentations mix labels, but the samples have none; give '
                    'them gt_label, or drop model.train_cfg'
                )
            inputs, scores = self.batch_augments(inputs, scores)
        if scores is not None:
            scatter_field(samples, 'gt_score', scores)
        return dict(inputs=inputs, data_samples=samples)

    def _transformed(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        if not isinstance(inputs, Tensor) and len({x.shape for x in inputs}) == 1:
            inputs = torch.stack(tuple(inputs))
        if isinstance(inputs, Tensor):
            inputs = inputs.to(self.device, non_blocking=True)
        for transform in self.batch_transforms:
            inputs = transform(inputs)
        return inputs

    def _images(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        if not isinstance(inputs, Tensor):
            if len({image.shape for image in inputs}) > 1:
                return self._pad_ragged([self._normalize(x) for x in inputs])
            inputs = torch.stack(tuple(inputs))
        if inputs.ndim != 4:
            raise DataError(
                'images come as (B, C, H, W) or a list of (C, H, W), got a tensor of '
                f'shape {tuple(inputs.shape)}'
            )
        images = self._normalize(inputs)
        if self.pad_size_divisor == 1:
            return images
        height, width = self._padded(*images.shape[-2:])
        pad = (0, width - images.size(-1), 0, height - images.size(-2))
        return F.pad(images, pad, value=self.pad_value) if any(pad) else images

    def _normalize(self, images: Tensor) -> Tensor:
        """Move to the device, flip channels as bytes, then widen and scale."""
        images = images.to(self.device, non_blocking=True)
        channels = images.size(-3)
        if self.to_rgb and channels == 3:
            images = images.flip(-3)
        layout = self.memory_format if images.ndim == 4 else torch.preserve_format
        mean = self.mean
        if mean is None:
            return images.to(torch.float32, memory_format=layout)
        if mean.size(0) not in (1, channels):
            raise DataError(
                f'the images have {channels} channels, but model.data_preprocessor.'
                f'mean has {len(mean)} values; set mean and std for '
                f'{channels} channels, or load the images with another color_type'
            )
        widened = images.to(mean.dtype, copy=True, memory_format=layout)
        return widened.sub_(mean).div_(self.std)

    def _pad_ragged(self, images: list[Tensor]) -> Tensor:
        height, width = (max(image.size(d) for image in images) for d in (-2, -1))
        channels = images[0].size(0)
        if any(image.size(0) != channels for image in images):
            raise DataError(
                'the images of a batch have one number of channels, got '
                f'{[tuple(image.shape) for image in images]}; load all with the same '
                'color_type'
            )
        shape = (len(images), channels, *self._padded(height, width))
        batch = images[0].new_full(shape, self.pad_value)
        for place, image in zip(batch, images, strict=True):
            place[:, : image.size(1), : image.size(2)] = image
        return batch

    def _padded(self, *sizes: int) -> tuple[int, ...]:
        step = self.pad_size_divisor
        return tuple(math.ceil(size / step) * step for size in sizes)

    def _scores(self, samples: Sequence[DataSample]) -> Tensor | None:
        """A value per class of each sample, ``(B, K)``; None without labels."""
        if has_field(samples, 'gt_score'):
            return gather_field(samples, 'gt_score').view(len(samples), -1)
        if not has_field(samples, 'gt_label'):
            return None
        num_classes = self.num_classes or samples[0].get('num_classes')
        if num_classes is None:
            raise DataError(
                'one-hot labels need the number of classes; set '
                'model.data_preprocessor.num_classes'
            )
        return _multi_hot(samples, num_classes)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        shown = f'to_rgb={self.to_rgb}'
        if self.mean is not None:
            mean, std = self.mean.flatten().tolist(), self.std.flatten().tolist()
            shown = f'mean={mean}, std={std}, {shown}'
        if self.batch_transforms:
            shown += f', batch_transforms={self.batch_transforms}'
        if self.batch_augments is not None:
            shown += f', batch_augments={self.batch_augments}'
        return shown


def _shown(data: object) -> str:
    keys = f' with the keys {list(data)}' if isinstance(data, dict) else ''
    return f'a {type(data).__name__}{keys}'


def _per_channel(values: Sequence[float] | None) -> Tensor | None:
    if values is None:
        return None
    return torch.tensor(values, dtype=torch.float).view(-1, 1, 1)


def _are_samples(samples: Any) -> bool:
    if isinstance(samples, SampleBatch):
        return len(samples) > 0
    return bool(samples) and isinstance(samples[0], DataSample)


def _multi_hot(samples: Sequence[DataSample], num_classes: int) -> Tensor:
    labels = gather_field(samples, 'gt_label')
    packed = packed_field(samples, 'gt_label')
    if packed is not None and packed.ndim == 1:
        return F.one_hot(labels, num_classes).float()
    counts = [len(sample.gt_label) for sample in samples]
    if set(counts) == {1}:
        return F.one_hot(labels, num_classes).float()
    rows = torch.arange(len(samples)).repeat_interleave(torch.tensor(counts))
    scores = torch.zeros(len(samples), num_classes, device=labels.device)
    scores[rows.to(labels.device), labels] = 1
    return scores


def _build_augments(augments: dict | Callable | None) -> Callable | None:
    if not isinstance(augments, dict):
        return augments
    if not augments:
        return None
    try:
        return TASK_UTILS.build({'type': 'RandomBatchAugment', **augments})
    except ConfigError as error:
        raise error.under('batch_augments') from error.__cause__


def _build_transforms(cfgs: Sequence[dict | Callable]) -> list[Callable]:
    steps = []
    for i, cfg in enumerate(cfgs):
        try:
            steps.append(TRANSFORMS.build(cfg) if isinstance(cfg, dict) else cfg)
        except ConfigError as error:
            raise error.under('batch_transforms', str(i)) from error.__cause__
    return steps
