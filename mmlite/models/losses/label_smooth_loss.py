"""Cross entropy with smoothed labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from .cross_entropy_loss import CrossEntropyLoss
from .utils import check_same_shape, convert_to_one_hot

MODES = ('original', 'classy_vision', 'multi_label')


@MODELS.register_module()
class LabelSmoothLoss(nn.Module):
    """Cross entropy against smoothed labels.

    Paper: Rethinking the Inception Architecture for Computer Vision, CVPR
    2016, https://arxiv.org/abs/1512.00567.

    With smoothing ``e`` and ``K`` classes, a one-hot target ``t`` becomes

    - ``'original'``: ``t (1 - e) + e / K``;
    - ``'classy_vision'``: the same with ``e / (1 + e)`` for ``e``;
    - ``'multi_label'``: ``1 - e`` where ``t > 0``, else ``e``; each class then has a
      sigmoid of its own.

    Args:
        label_smooth_val: The smoothing ``e``, from 0 (included) to 1 (excluded).
        use_sigmoid: Whether each class has a sigmoid of its own; None is True for the
            mode ``'multi_label'`` alone.
        num_classes: Number of classes; None takes it from the logits.
        mode: How labels are smoothed, see above: ``'original'``, ``'classy_vision'`` or
            ``'multi_label'``.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.
        class_weight: Weight of every class; None weights all equally.
        pos_weight: Factor on the loss of positive targets, one or per class;
            only with a sigmoid.

    Shape:
        cls_score: ``(B, K)``; label: ``(B, )`` integers, or ``(B, K)``;
        weight: ``(B, )``.
        returns: scalar; for ``'none'``, ``(B, )``, or ``(B, K)`` with a
        sigmoid.

    Raises:
        ValueError: if ``label_smooth_val`` or ``mode`` is not allowed.
        DataError: if shapes do not fit.

    Example:
        >>> loss = LabelSmoothLoss(0.1)
        >>> loss.smooth_label(torch.tensor([[1., 0., 0., 0.]]))
        tensor([[0.9250, 0.0250, 0.0250, 0.0250]])
    """

    promise: ClassVar[str] = 'ElementwiseLoss'

    def __init__(
        self,
        label_smooth_val: float,
        use_sigmoid: bool | None = None,
        num_classes: int | None = None,
        mode: str = 'original',
        reduction: str = 'mean',
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= label_smooth_val < 1:
            raise ValueError(
                f'label_smooth_val must be in [0, 1), got {label_smooth_val}'
            )
        check_choice(MODES, mode=mode)
        if use_sigmoid is None:
            use_sigmoid = mode == 'multi_label'
        self.label_smooth_val = label_smooth_val
        self.num_classes = num_classes
        self.mode = mode
        self.ce = CrossEntropyLoss(
            use_sigmoid=use_sigmoid,
            use_soft=not use_sigmoid,
            reduction=reduction,
            loss_weight=loss_weight,
            class_weight=class_weight,
            pos_weight=pos_weight,
        )

    def smooth_label(self, label: Tensor) -> Tensor:
        """The smoothed target of one-hot, multi-hot or soft labels ``(B, K)``."""
        smooth = self.label_smooth_val
        if self.mode == 'multi_label':
            return torch.where(label > 0, 1 - smooth, smooth).to(label.dtype)
        if self.mode == 'classy_vision':
            smooth = smooth / (1 + smooth)
        return label * (1 - smooth) + smooth / label.size(1)

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
                (elements with a sigmoid).
            reduction_override: Replaces ``reduction`` for this call.
        """
        if label.ndim == 1 or label.size(1) == 1:
            label = convert_to_one_hot(label, self.num_classes or cls_score.size(1))
        check_same_shape(cls_score, label)
        smoothed = self.smooth_label(label.float())
        return self.ce(cls_score, smoothed, weight, avg_factor, reduction_override)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return f'label_smooth_val={self.label_smooth_val}, mode={self.mode!r}'
