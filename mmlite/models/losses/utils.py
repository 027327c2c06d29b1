"""What all losses share: weights per element and reduction to a scalar."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError, wrong_choice

REDUCTIONS = ('none', 'mean', 'sum')


def check_reduction(reduction: str) -> str:
    """Return ``reduction`` if it is one of ``'none'``, ``'mean'``, ``'sum'``.

    Raises:
        ValueError: if it is not.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(wrong_choice('reduction', reduction, REDUCTIONS))
    return reduction


def check_same_shape(pred: Tensor, target: Tensor) -> None:
    """Refuse shapes that broadcasting would accept in silence.

    Raises:
        DataError: if the shapes differ.
    """
    if pred.shape == target.shape:
        return
    hint = ''
    if target.ndim == pred.ndim - 1 and not target.is_floating_point():
        hint = (
            '; for class indices, use CrossEntropyLoss, or let '
            'model.data_preprocessor make one-hot targets (to_onehot=True)'
        )
    raise DataError(
        f'prediction and target must have the same shape, got {tuple(pred.shape)} '
        f'and {tuple(target.shape)}{hint}'
    )


def reduce_loss(loss: Tensor, reduction: str) -> Tensor:
    """Reduce a loss per element.

    The mean of no elements is 0, not NaN, so that a batch without a target
    does not spoil the weights; its gradient is 0 too.

    Args:
        loss: Loss per element.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        ValueError: if ``reduction`` is unknown.
    """
    check_reduction(reduction)
    if reduction == 'none':
        return loss
    if reduction == 'sum' or not loss.numel():
        return loss.sum()
    return loss.mean()


def weight_reduce_loss(
    loss: Tensor,
    weight: Tensor | None = None,
    reduction: str = 'mean',
    avg_factor: float | Tensor | None = None,
) -> Tensor:
    """Weight a loss per element, then reduce it.

    Args:
        loss: Loss per element.
        weight: Weight per element, or per entry of the leading dimensions
            (e.g. per sample).
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        avg_factor: What the sum is divided by for ``'mean'``, in place of the
            number of elements; 0 is allowed, and gives a large finite number.

    Shape:
        loss: ``(B, *)``; weight: the same, or its leading dimensions.
        returns: scalar, or ``(B, *)`` for ``'none'``.

    Raises:
        ValueError: if ``reduction`` is unknown, or ``avg_factor`` is given
            with ``'sum'``.
        DataError: if the weight does not fit.

    Example:
        >>> weight_reduce_loss(torch.tensor([1., 3.]), torch.tensor([1., 0.]))
        tensor(0.5000)
    """
    if weight is not None:
        loss = loss * _aligned(weight, loss)
    if avg_factor is None or reduction == 'none':
        return reduce_loss(loss, reduction)
    if reduction != 'mean':
        check_reduction(reduction)
        raise ValueError(
            "avg_factor is the divisor of reduction='mean' and has no meaning for "
            f'reduction={reduction!r}; set reduction="mean" or drop avg_factor'
        )
    return loss.sum() / (avg_factor + torch.finfo(torch.float32).eps)


def _aligned(weight: Tensor, loss: Tensor) -> Tensor:
    leading = loss.shape[: weight.ndim]
    fits = weight.ndim <= loss.ndim and all(
        given in (1, wanted)
        for given, wanted in zip(weight.shape, leading, strict=True)
    )
    if not fits:
        raise DataError(
            f'a weight of shape {tuple(weight.shape)} does not fit a loss of shape '
            f'{tuple(loss.shape)}; give one weight per element, or per entry of the '
            'leading dimensions'
        )
    return weight.reshape(weight.shape + (1,) * (loss.ndim - weight.ndim))


def weighted_loss(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Give a loss per element the arguments ``weight, reduction, avg_factor``.

    Args:
        function: ``function(pred, target, **kwargs)`` that returns the loss of
            every element, unreduced.

    Example:
        >>> @weighted_loss
        ... def l1(pred, target):
        ...     return (pred - target).abs()
        >>> pred, target = torch.tensor([0., 2., 3.]), torch.tensor([1., 1., 1.])
        >>> l1(pred, target)
        tensor(1.3333)
        >>> l1(pred, target, torch.tensor([1., 0., 1.]), reduction='sum')
        tensor(3.)
    """

    @functools.wraps(function)
    def wrapper(
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        reduction: str = 'mean',
        avg_factor: float | Tensor | None = None,
        **kwargs: object,
    ) -> Tensor:
        loss = function(pred, target, **kwargs)
        return weight_reduce_loss(loss, weight, reduction, avg_factor)

    return wrapper


def convert_to_one_hot(targets: Tensor, classes: int) -> Tensor:
    """Class indices as rows with a single one.

    Args:
        targets: Class indices.
        classes: Number of classes ``K``.

    Shape:
        targets: ``(B, )`` or ``(B, 1)``; returns: int64, ``(B, K)``.

    Example:
        >>> convert_to_one_hot(torch.tensor([2, 0]), 3)
        tensor([[0, 0, 1],
                [1, 0, 0]])
    """
    return F.one_hot(targets.reshape(-1), classes)


def as_multi_hot(target: Tensor, pred: Tensor) -> Tensor:
    """The ground truth of every class, also where class indices came.

    Args:
        target: Class indices, or a value per class.
        pred: The prediction.

    Shape:
        target: ``(B, )``, ``(B, 1)`` or ``(B, K)``; pred: ``(B, K)``.
        returns: ``(B, K)``.

    Example:
        >>> as_multi_hot(torch.tensor([2, 0]), torch.zeros(2, 3))
        tensor([[0, 0, 1],
                [1, 0, 0]])
    """
    indices = target.ndim == 1 or target.shape[1:] == (1,)
    if indices and not target.is_floating_point() and target.shape != pred.shape:
        return convert_to_one_hot(target, pred.size(-1))
    return target


def focused(wrong: Tensor, gamma: float | Tensor) -> Tensor:
    """The weight of a focal loss, whose gradient is finite for any exponent.

    That of a power below 1 is infinite at 0, and a sigmoid does reach 0.

    Args:
        wrong: How wrong each element is, from 0 to 1.
        gamma: The exponent.

    Shape:
        wrong: any; returns: the same.

    Example:
        >>> wrong = torch.zeros(1, requires_grad=True)
        >>> focused(wrong, 0.5).backward()
        >>> wrong.grad
        tensor([0.])
    """
    return wrong.clamp(min=torch.finfo(wrong.dtype).tiny).pow(gamma)
