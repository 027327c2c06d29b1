"""A linear classifier whose logits are scaled."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...errors import check_positive
from ...registry import MODELS
from .linear_head import LinearClsHead


@MODELS.register_module()
class ScaledLinearClsHead(LinearClsHead):
    """Classify with one linear layer without a bias, and a factor on the logits.

    Paper: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU,
    https://arxiv.org/abs/2404.00498.

    The factor sets how fast the softmax saturates while the weights, which
    start from ``init_cfg``, keep a size that suits the optimizer.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature.
        scale: Factor on the logits; None is ``1 / in_channels``.
        kwargs: Arguments of :class:`~mmlite.models.heads.LinearClsHead`.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels)``.
        returns: ``(B, K)``.

    Raises:
        ValueError: if ``scale`` is not positive.

    Example:
        >>> head = ScaledLinearClsHead(num_classes=2, in_channels=4, scale=0.5)
        >>> nn.init.ones_(head.fc.weight).shape
        torch.Size([2, 4])
        >>> head((torch.ones(1, 4), )).tolist()
        [[2.0, 2.0]]
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        scale: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        check_positive(scale=scale)
        self.scale = 1 / in_channels if scale is None else scale
        self.fc = nn.Linear(in_channels, num_classes, bias=False)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The scaled logits."""
        return super().forward(feats) * self.scale
