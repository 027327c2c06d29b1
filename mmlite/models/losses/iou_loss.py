"""Losses of boxes by how much they overlap."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from ...ops import paired_overlaps
from ...registry import MODELS
from .base import WeightedLoss
from .utils import check_same_shape, weighted_loss

__all__ = ['CIoULoss', 'DIoULoss', 'GIoULoss', 'IoULoss', 'overlap_loss']


@weighted_loss
def overlap_loss(pred: Tensor, target: Tensor, kind: str = 'iou') -> Tensor:
    """One minus the overlap of each pair of boxes.

    Args:
        pred: Boxes in pixels.
        target: Boxes in pixels.
        kind: See :func:`~mmlite.ops.box_overlaps`.

    Shape:
        pred, target: ``(N, 4)``; returns: scalar, or ``(N, )`` for ``'none'``.
    """
    check_same_shape(pred, target)
    return 1 - paired_overlaps(pred, target, kind)


@MODELS.register_module()
class IoULoss(WeightedLoss):
    """One minus the intersection over union of predicted and true boxes.

    Paper: UnitBox, https://arxiv.org/abs/1608.01471, here linear. The boxes themselves
    are compared, not their encoding by a box coder.

    Args:
        kwargs: Arguments of :class:`WeightedLoss`.

    Shape:
        pred, target: ``(N, 4)``, ``(x1, y1, x2, y2)`` in pixels.
        returns: scalar, or ``(N, )`` for ``'none'``.

    Example:
        >>> pred = torch.tensor([[0., 0., 2., 2.]])
        >>> IoULoss()(pred, torch.tensor([[0., 0., 2., 1.]]))
        tensor(0.5000)
    """

    #: Whether a head decodes its boxes for this loss.
    on_boxes: ClassVar[bool] = True
    kind: ClassVar[str] = 'iou'

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def compute(self, pred: Tensor, target: Tensor, **reduction: object) -> Tensor:
        """The weighted and reduced loss, without ``loss_weight``."""
        return overlap_loss(pred, target, kind=self.kind, **reduction)


@MODELS.register_module()
class GIoULoss(IoULoss):
    """One minus the generalised IoU, which also draws distant boxes together.

    Paper: https://arxiv.org/abs/1902.09630. Arguments are those of :class:`IoULoss`.

    Example:
        >>> pred = torch.tensor([[0., 0., 2., 2.]])
        >>> GIoULoss()(pred, torch.tensor([[2., 0., 4., 2.]]))
        tensor(1.)
    """

    kind = 'giou'


@MODELS.register_module()
class DIoULoss(IoULoss):
    """One minus the IoU, plus the squared distance of the centres.

    Paper: https://arxiv.org/abs/1911.08287. Arguments are those of :class:`IoULoss`.

    Example:
        >>> same = torch.tensor([[0., 0., 2., 2.]])
        >>> DIoULoss()(same, same)
        tensor(0.)
    """

    kind = 'diou'


@MODELS.register_module()
class CIoULoss(IoULoss):
    """:class:`DIoULoss` that also compares the proportions of the boxes.

    Paper: https://arxiv.org/abs/1911.08287. Arguments are those of :class:`IoULoss`.

    Example:
        >>> same = torch.tensor([[0., 0., 2., 2.]])
        >>> CIoULoss()(same, same)
        tensor(0.)
    """

    kind = 'ciou'
