"""Cross entropy: over classes, over soft targets, or per class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import DataError
from ...ops import at_least_float32
from ...registry import MODELS
from .utils import (
    check_reduction,
    check_same_shape,
    weight_reduce_loss,
)


def cross_entropy(
    pred: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    reduction: str = 'mean',
    avg_factor: float | Tensor | None = None,
    class_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy of a softmax with class indices or with probabilities.

    Unlike :func:`torch.nn.functional.cross_entropy`, the mean is over the
    samples, not over the weights of their classes.

    Args:
        pred: Logits.
        label: Class indices, or one probability per class.
        weight: Weight per sample.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        avg_factor: Divisor of the mean, in place of the number of samples.
        class_weight: Weight per class.

    Shape:
        pred: ``(B, K)``; label: ``(B, )`` integers, or ``(B, K)`` floats;
        weight: ``(B, )``; class_weight: ``(K, )``.
        returns: scalar, or ``(B, )`` for ``'none'``.
    """
    pred = at_least_float32(pred)
    if label.is_floating_point():
        check_same_shape(pred, label)
        label = label.to(pred.dtype)
    if class_weight is not None:
        class_weight = _per_class(class_weight, pred, 'class_weight')
    elif weight is None and reduction == 'mean':
        count = pred.size(0)
        if avg_factor is None or type(avg_factor) is int and avg_factor == count:
            # All in one kernel; its mean of nothing would be NaN.
            return F.cross_entropy(pred, label) if count else pred.sum()
    loss = F.cross_entropy(pred, label, weight=class_weight, reduction='none')
    return weight_reduce_loss(loss, weight, reduction, avg_factor)


def binary_cross_entropy(
    pred: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    reduction: str = 'mean',
    avg_factor: float | Tensor | None = None,
    class_weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy of a sigmoid per class, each with a target of its own.

    Args:
        pred: Logits.
        label: Target of every class, from 0 to 1.
        weight: Weight per sample, or per element.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        avg_factor: Divisor of the mean, in place of the number of elements.
        class_weight: Weight per class.
        pos_weight: Weight of the positive part, one or per class.

    Shape:
        pred, label: ``(B, K)``; weight: ``(B, )`` or ``(B, K)``;
        class_weight: ``(K, )``; pos_weight: ``()`` or ``(K, )``.
        returns: scalar, or ``(B, K)`` for ``'none'``.
    """
    check_same_shape(pred, label)
    pred = at_least_float32(pred)
    if class_weight is not None:
        class_weight = _per_class(class_weight, pred, 'class_weight')
    if pos_weight is not None:
        pos_weight = _per_class(pos_weight, pred, 'pos_weight')
    loss = F.binary_cross_entropy_with_logits(
        pred,
        label.to(pred.dtype),
        weight=class_weight,
        pos_weight=pos_weight,
        reduction='none',
    )
    return weight_reduce_loss(loss, weight, reduction, avg_factor)


def _per_class(values: Tensor, pred: Tensor, name: str) -> Tensor:
    if values.ndim and len(values) != pred.size(1):
        raise DataError(
            f'{name} has {len(values)} values, but the head gives {pred.size(1)} '
            f'classes; set one value of {name} per class'
        )
    return values.to(pred.dtype)


@MODELS.register_module()
class CrossEntropyLoss(nn.Module):
    """Cross entropy between logits and labels.

    Args:
        use_sigmoid: Whether each class has a sigmoid of its own (multi-label); the
            target then has a value per class.
        use_soft: Whether the target is a distribution over the classes.
            Without it, both class indices and distributions are accepted.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.
        class_weight: Weight of every class; None weights all equally.
        pos_weight: Factor on the loss of positive targets, one or per class;
            only with ``use_sigmoid``.

    Shape:
        cls_score: ``(B, K)``; label: ``(B, )`` integers from 0 to ``K - 1``, or
        ``(B, K)``; weight: ``(B, )``.
        returns: scalar; for ``'none'``, ``(B, )``, or ``(B, K)`` with
        ``use_sigmoid``.

    Raises:
        ValueError: if ``use_sigmoid`` and ``use_soft`` are both set,
            ``pos_weight`` is set without ``use_sigmoid``, or ``reduction`` is
            unknown.
        DataError: if shapes do not fit.

    Example:
        >>> loss = CrossEntropyLoss()
        >>> loss(torch.zeros(2, 10), torch.tensor([3, 7]))  # ln 10
        tensor(2.3026)
    """

    promise: ClassVar[str] = 'ElementwiseLoss'

    def __init__(
        self,
        use_sigmoid: bool = False,
        use_soft: bool = False,
        reduction: str = 'mean',
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if use_sigmoid and use_soft:
            raise ValueError(
                'use_sigmoid (a decision per class) and use_soft (a distribution '
                'over classes) exclude each other; set one of them'
            )
        if pos_weight is not None and not use_sigmoid:
            raise ValueError('pos_weight needs use_sigmoid=True; drop one of them')
        self.use_sigmoid = use_sigmoid
        self.use_soft = use_soft
        self.reduction = check_reduction(reduction)
        self.loss_weight = loss_weight
        for name, values in (
            ('class_weight', class_weight),
            ('pos_weight', pos_weight),
        ):
            tensor = None if values is None else torch.tensor(values, dtype=torch.float)
            self.register_buffer(name, tensor, persistent=False)

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss; see the class for shapes.

        Args:
            cls_score: Logits.
            label: Class indices, or a value per class.
            weight: Weight per sample.
            avg_factor: Divisor of the mean, in place of the number of samples
                (elements with ``use_sigmoid``).
            reduction_override: Replaces ``reduction`` for this call.
        """
        reduction = reduction_override or self.reduction
        reduced = (weight, reduction, avg_factor, self.class_weight)
        if self.use_sigmoid:
            loss = binary_cross_entropy(cls_score, label, *reduced, self.pos_weight)
        else:
            if self.use_soft:
                check_same_shape(cls_score, label)
                label = label if label.is_floating_point() else label.float()
            loss = cross_entropy(cls_score, label, *reduced)
        # A factor of 1 would cost a kernel forward, and another one backward.
        return loss if self.loss_weight == 1 else loss * self.loss_weight

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        kind = 'sigmoid' if self.use_sigmoid else 'soft' if self.use_soft else 'softmax'
        return f'{kind}, reduction={self.reduction!r}, loss_weight={self.loss_weight}'
