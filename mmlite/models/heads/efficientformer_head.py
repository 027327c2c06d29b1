"""The head of EfficientFormer."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...errors import check_positive
from ...registry import MODELS
from .cls_head import ClsHead
from .linear_head import NORMAL_INIT

__all__ = ['EfficientFormerClsHead']


@MODELS.register_module()
class EfficientFormerClsHead(ClsHead):
    """Classify with one linear layer, or take the mean of two.

    The second is trained by a teacher. In training too the loss is that of the
    mean: a teacher is not part of it.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature.
        distillation: Whether there is a second layer, for distillation; predictions
            take the mean of both.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Arguments of :class:`~mmlite.models.heads.ClsHead`.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels)``.
        returns: ``(B, K)``.

    Raises:
        ValueError: if ``num_classes`` is not positive.

    Example:
        >>> head = EfficientFormerClsHead(10, in_channels=64)
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        distillation: bool = True,
        init_cfg: dict | list | None = NORMAL_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_positive(num_classes=num_classes)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.head = nn.Linear(in_channels, num_classes)
        self.dist_head = nn.Linear(in_channels, num_classes) if distillation else None

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The logits."""
        pre_logits = self.pre_logits(feats)
        logits = self.head(pre_logits)
        if self.dist_head is None:
            return logits
        return (logits + self.dist_head(pre_logits)) / 2
