"""Batches of images and labels, made ready for a classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError, at, check_at_least
from ...registry import MODELS, TASK_UTILS
from ...structures import (
    DataSample,
    check_labels,
    gather_field,
    has_field,
    packed_field,
    scatter_field,
)
from .image import ImageDataPreprocessor


@MODELS.register_module()
class ClsDataPreprocessor(ImageDataPreprocessor):
    """Bring a batch to the device, normalise, pad and augment it there.

    Labels are checked while they are still on the CPU, then travel together; the
    samples keep views of the batch.

    Args:
        mean: See :class:`~mmlite.models.data_preprocessors.ImageDataPreprocessor`,
            as for all but the following.
        std: Likewise.
        pad_size_divisor: Likewise.
        pad_value: Likewise.
        to_rgb: Likewise.
        to_onehot: Whether to give every sample a ``gt_score`` from its
            ``gt_label``; batch augmentations imply it.
        num_classes: Number of classes ``K``; a classifier sets it to that of
            its head.
        batch_augments: Arguments of
            :class:`~mmlite.models.data_preprocessors.RandomBatchAugment`, e.g.
            ``dict(augments=dict(type='Mixup', alpha=0.8))``; only in training.
        batch_transforms: Likewise.

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

    #: Whether labels are classes in evaluation too; those of a retriever are places in
    #: its gallery.
    evaluates_classes = True

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
        super().__init__(
            mean,
            std,
            pad_size_divisor,
            pad_value,
            to_rgb,
            batch_transforms=batch_transforms,
        )
        check_at_least(1, num_classes=num_classes)
        self.num_classes = num_classes
        self._onehot_asked = to_onehot
        self.use_batch_augments(batch_augments)

    def use_batch_augments(self, batch_augments: dict | Callable | None) -> None:
        """Take other augmentations of batches from now on.

        Args:
            batch_augments: As for the constructor; None ends them.
        """
        self.batch_augments = _build_augments(batch_augments)
        self.to_onehot = self._onehot_asked or self.batch_augments is not None

    def label(
        self, inputs: Any, samples: Sequence[DataSample], training: bool
    ) -> dict[str, Any]:
        """Check the labels, bring them to the device and mix them with the images."""
        classes = training or self.evaluates_classes
        if self.num_classes and classes:
            check_labels(samples, self.num_classes)
        self.move(samples)
        scores = self._scores(samples) if self.to_onehot and classes else None
        if training and self.batch_augments is not None:
            if not isinstance(inputs, Tensor):
                raise DataError(
                    'batch augmentations mix images of one tensor (B, C, H, W), got a '
                    f'{type(inputs).__name__} of several views or inputs; drop '
                    'model.train_cfg'
                )
            if scores is None:
                raise DataError(
                    'batch augmentations mix labels, but the samples have none; give '
                    'them gt_label, or drop model.train_cfg'
                )
            inputs, scores = self.batch_augments(inputs, scores)
        if scores is not None:
            scatter_field(samples, 'gt_score', scores)
        return dict(inputs=inputs, data_samples=samples)

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
        shown = super().extra_repr()
        if self.batch_augments is not None:
            shown += f', batch_augments={self.batch_augments}'
        return shown


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
    with at('batch_augments'):
        return TASK_UTILS.build({'type': 'RandomBatchAugment', **augments})
