"""How often each class is taken for each other."""

from __future__ import annotations

import torch
from torch import Tensor

from .inputs import ArrayLike, as_tensor, check_labels, check_same_length


def confusion_matrix(
    pred: ArrayLike, target: ArrayLike, num_classes: int | None = None
) -> Tensor:
    """Count samples by true class (row) and predicted class (column).

    Args:
        pred: Score of every class, or the predicted class indices.
        target: True class indices.
        num_classes: Number of classes; by default the number of scores.

    Shape:
        pred: ``(B, K)`` or ``(B, )``; target: ``(B, )``.
        returns: int64, ``(K, K)``.

    Raises:
        ValueError: if ``num_classes`` is not given for class indices, or a
            label is outside of it.

    Example:
        >>> confusion_matrix([0, 1, 1], [0, 0, 1], num_classes=2)
        tensor([[1, 1],
                [0, 1]])
    """
    pred, target = as_tensor(pred, 'pred'), as_tensor(target, 'target')
    check_same_length(pred, target)
    if pred.ndim == 2:
        num_classes = num_classes or pred.size(1)
        pred = pred.argmax(dim=1)
    elif num_classes is None:
        raise ValueError(
            'predicted labels do not say how many classes there are; give num_classes'
        )
    pred, target = pred.long(), target.long().to(pred.device)
    check_labels(torch.cat([pred, target]), num_classes)
    counts = torch.bincount(target * num_classes + pred, minlength=num_classes**2)
    return counts.view(num_classes, num_classes)
