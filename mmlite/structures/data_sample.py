"""The annotations and predictions of one sample, whatever the task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

LabelType = int | Sequence[int] | np.ndarray | Tensor
ScoreType = Sequence[float] | np.ndarray | Tensor

_SMALL = 1024  # elements
_PLAIN = (torch.int64, torch.float32)


def format_label(value: LabelType) -> Tensor:
    """A class index, or several, as an int64 tensor ``(num_labels, )``."""
    if type(value) is int:
        # The fastest way, as the image beside it came from an array too.
        return torch.from_numpy(np.array([value], np.int64))
    label = torch.as_tensor(value)
    is_score = label.dtype.is_floating_point or label.dtype == torch.bool
    if is_score and label.numel():  # an empty list has no kind of its own
        raise TypeError(
            f'a label is an integer or a sequence of them, got {value!r}; '
            'per-class values are scores (set_gt_score, set_pred_score)'
        )
    if label.ndim > 1:
        raise ValueError(f'a label has at most 1 dimension, got {tuple(label.shape)}')
    return label.reshape(-1).long()


def format_score(value: ScoreType) -> Tensor:
    """One value per class as a float tensor ``(K, )``."""
    score = torch.as_tensor(value)
    if not score.dtype.is_floating_point:
        score = score.float()
    if score.ndim != 1:
        raise ValueError(
            f'a score has one value per class, got shape {tuple(score.shape)}'
        )
    return score


def is_small(value: object) -> bool:
    """Whether it travels faster as plain values than in shared memory."""
    return (
        isinstance(value, Tensor)
        and value.dtype in _PLAIN
        and value.device.type == 'cpu'
        and value.layout == torch.strided
        and value.numel() <= _SMALL
        and not value.requires_grad
    )


class DataSample(BaseDataElement):
    """The annotations and predictions of one sample.

    A task sets the fields it knows: ``gt_*`` is ground truth, ``pred_*`` a
    prediction. What describes the sample rather than annotates it (``img_path``,
    ``ori_shape``, ``num_classes``, ...) is meta information, set with
    ``set_metainfo``.

    Shape:
        gt_label, pred_label: int64, ``(num_labels, )``.
        gt_score, pred_score: float, ``(K, )``.

    Example:
        >>> sample = DataSample().set_gt_label(3).set_pred_score([0.1, 0.9])
        >>> sample.gt_label
        tensor([3])
        >>> 'pred_score' in sample
        True
    """

    #: Fields that are a list in a batch, though others of that name are one tensor.
    listed: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def with_metainfo(cls, metainfo: dict, fields: dict | None = None) -> DataSample:
        """A sample with meta information, taken over without a copy or a check.

        Args:
            metainfo: The meta information.
            fields: The fields beside it.
        """
        sample = cls.__new__(cls)
        # What mmengine's constructor does, without a check of each name.
        vars(sample).update(
            metainfo, _metainfo_fields=set(metainfo), _data_fields=set(fields or ())
        )
        if fields:
            vars(sample).update(fields)
        return sample

    def set_gt_label(self, value: LabelType) -> DataSample:
        """Set the true class index, or indices (multi-label)."""
        self.set_field(format_label(value), 'gt_label', dtype=Tensor)
        return self

    def set_gt_score(self, value: ScoreType) -> DataSample:
        """Set the true value of every class (soft or multi-hot labels)."""
        self.set_field(self._checked_score(value), 'gt_score', dtype=Tensor)
        return self

    def set_pred_label(self, value: LabelType) -> DataSample:
        """Set the predicted class index, or indices (multi-label)."""
        self.set_field(format_label(value), 'pred_label', dtype=Tensor)
        return self

    def set_pred_score(self, value: ScoreType) -> DataSample:
        """Set the predicted value of every class."""
        self.set_field(self._checked_score(value), 'pred_score', dtype=Tensor)
        return self

    def __getstate__(self) -> tuple[dict, dict]:
        # Through a pipe, e.g. from a worker, a small tensor travels as its values:
        # a piece of shared memory for each would cost the receiver far more.
        small = {k: v.numpy() for k, v in vars(self).items() if is_small(v)}
        return {k: v for k, v in vars(self).items() if k not in small}, small

    def __setstate__(self, state: tuple[dict, dict]) -> None:
        others, small = state
        vars(self).update(others)
        vars(self).update({k: torch.from_numpy(v) for k, v in small.items()})

    def _checked_score(self, value: ScoreType) -> Tensor:
        score = format_score(value)
        num_classes = self.get('num_classes')
        if num_classes is None:
            self.set_field(len(score), 'num_classes', field_type='metainfo')
        elif num_classes != len(score):
            raise ValueError(
                f'this sample has {num_classes} classes, got {len(score)} scores'
            )
        return score


class MultiLabelDataSample(DataSample):
    """A sample of several labels, however many it has: one, or none, too.

    In a batch of such samples the labels are a list of tensors ``(num_labels, )``, also
    where each has one by chance. ``PackInputs`` makes them of a ``gt_label`` that is a
    sequence.

    Example:
        >>> from mmlite.structures import SampleBatch
        >>> several = [MultiLabelDataSample().set_gt_label([i]) for i in (3, 1)]
        >>> SampleBatch(several).field('gt_label')
        [tensor([3]), tensor([1])]
    """

    listed = frozenset({'gt_label', 'pred_label'})
