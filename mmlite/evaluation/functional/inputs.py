"""Bring predictions and ground truth into one form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

ArrayLike = Tensor | np.ndarray | Sequence


def as_tensor(value: ArrayLike, name: str) -> Tensor:
    """A tensor of whatever array-like was given.

    Raises:
        TypeError: if ``value`` is not a tensor, an array or a sequence.
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return torch.tensor(value)
    raise TypeError(
        f'{name} must be a tensor, an array or a sequence, got {type(value)}'
    )


def check_same_length(pred: Tensor, target: Tensor) -> None:
    """Refuse predictions and ground truth of different numbers of samples."""
    if len(pred) != len(target):
        raise ValueError(
            f'pred and target must have the same number of samples, '
            f'got {len(pred)} and {len(target)}'
        )


def one_hot(labels: Sequence[ArrayLike], num_classes: int) -> Tensor:
    """Class indices of each sample as rows of zeros and ones.

    Args:
        labels: One sequence of class indices per sample, of any length.
        num_classes: Number of classes ``K``.

    Shape:
        returns: int64, ``(B, K)``.

    Example:
        >>> one_hot([[0], [1, 2]], num_classes=3)
        tensor([[1, 0, 0],
                [0, 1, 1]])
    """
    if isinstance(labels, Tensor) and labels.ndim == 1:
        check_labels(labels, num_classes)
        return functional.one_hot(labels.long(), num_classes)
    rows = torch.zeros(len(labels), num_classes, dtype=torch.long)
    for row, label in zip(rows, labels, strict=True):
        index = as_tensor(label, 'labels').long().cpu()
        check_labels(index, num_classes)
        row[index] = 1
    return rows


def check_labels(labels: Tensor, num_classes: int) -> None:
    """Refuse class indices outside ``[0, num_classes)``."""
    if labels.numel() and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f'with {num_classes} classes, labels go from 0 to {num_classes - 1}; '
            f'got labels from {int(labels.min())} to {int(labels.max())}. '
            'Set num_classes to the number of classes in the data'
        )
