"""Which anchors a loss learns most from."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import check_choice
from ...ops import nms
from ...registry import TASK_UTILS
from .matchers import BACKGROUND

__all__ = ['HardExampleMiner']

LOSSES = ('cls', 'loc', 'both')


@TASK_UTILS.register_module()
class HardExampleMiner:
    """Keep the anchors of an image whose loss is highest.

    Paper: OHEM, https://arxiv.org/abs/1604.03540 (``num_hard_examples=64,
    iou_threshold=0.7``). The released SSD models of TensorFlow have
    ``num_hard_examples=3000, iou_threshold=0.99, loss_type='cls'`` and 3 negatives for
    each positive; the paper of SSD keeps all positives, and 3 negatives for each.

    Override:
        mask: which anchors count; the heads ask for it.

    Args:
        num_hard_examples: How many are kept at most; None is all.
        iou_threshold: An anchor goes whose box overlaps that of a harder one by more;
            1 lets none go.
        loss_type: Which loss ranks them: ``'cls'``, ``'loc'`` or ``'both'``.
        cls_loss_weight: Factor of the classification in ``'both'``.
        loc_loss_weight: Factor of the localization in ``'both'``.
        max_negatives_per_positive: None is any number.
        min_negatives_per_image: How many negatives may stay at least.

    Shape:
        cls_loss, loc_loss: ``(A, )``; boxes: ``(A, 4)``, decoded; labels: ``(A, )``.
        returns: indices ``(M, )``, the hardest first.

    Raises:
        ValueError: if there is no such loss_type.

    Example:
        >>> miner = HardExampleMiner(None, 1.0, max_negatives_per_positive=1)
        >>> loss, boxes = torch.tensor([0.1, 0.9, 0.5]), torch.eye(3, 4)
        >>> miner(loss, loss, boxes, torch.tensor([4, -1, -1]))
        tensor([1, 0])
    """

    def __init__(
        self,
        num_hard_examples: int | None = 64,
        iou_threshold: float = 0.7,
        loss_type: str = 'both',
        cls_loss_weight: float = 1.0,
        loc_loss_weight: float = 1.0,
        max_negatives_per_positive: float | None = None,
        min_negatives_per_image: int = 0,
    ) -> None:
        check_choice(LOSSES, loss_type=loss_type)
        self.num_hard_examples = num_hard_examples
        self.iou_threshold = iou_threshold
        self.loss_type = loss_type
        self.cls_loss_weight = cls_loss_weight
        self.loc_loss_weight = loc_loss_weight
        self.max_negatives_per_positive = max_negatives_per_positive
        self.min_negatives_per_image = min_negatives_per_image

    @torch.no_grad()
    def __call__(
        self, cls_loss: Tensor, loc_loss: Tensor, boxes: Tensor, labels: Tensor
    ) -> Tensor:
        """The anchors that count."""
        order, kept = self._ranked(cls_loss, loc_loss, boxes, labels)
        return order[kept]

    @torch.no_grad()
    def mask(
        self, cls_loss: Tensor, loc_loss: Tensor, boxes: Tensor, labels: Tensor
    ) -> Tensor:
        """The same as bool ``(A, )``; with iou_threshold 1 no GPU is waited for."""
        order, kept = self._ranked(cls_loss, loc_loss, boxes, labels)
        return torch.zeros_like(labels, dtype=torch.bool).scatter(0, order, kept)

    def _ranked(
        self, cls_loss: Tensor, loc_loss: Tensor, boxes: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Anchors, the hardest first, and which of them count."""
        loss = dict(cls=cls_loss, loc=loc_loss).get(self.loss_type)
        if loss is None:
            loss = self.cls_loss_weight * cls_loss + self.loc_loss_weight * loc_loss
        if self.iou_threshold < 1:
            order = nms(boxes, loss, self.iou_threshold, self.num_hard_examples)
        else:
            order = loss.argsort(descending=True, stable=True)[: self.num_hard_examples]
        kinds = labels[order]
        if self.max_negatives_per_positive is None:
            return order, kinds >= BACKGROUND
        positive, negative = kinds >= 0, kinds == BACKGROUND
        most = positive.sum() * self.max_negatives_per_positive
        most = most.clamp(min=self.min_negatives_per_image)
        return order, positive | (negative & (negative.cumsum(0) <= most))
