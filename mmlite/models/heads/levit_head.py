"""The head of LeViT."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import build_norm_layer, fuse_children, norm_as_affine
from .cls_head import ClsHead

__all__ = ['LeViTClsHead']

BN1D = dict(type='BN1d')


class BatchNormLinear(BaseModule):
    """A norm and a linear layer.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        norm_cfg: Config of the norm.
    """

    def __init__(
        self, in_channels: int, out_channels: int, norm_cfg: dict = BN1D
    ) -> None:
        super().__init__()
        self.bn = build_norm_layer(norm_cfg, in_channels)[1]
        self.linear = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Both of x."""
        return self.linear(self.bn(x))

    def fuse(self) -> nn.Linear:
        """Both as one linear layer."""
        scale, shift = norm_as_affine(self.bn)
        self.linear.bias.add_(self.linear.weight @ shift)
        self.linear.weight.mul_(scale)
        return self.linear


@MODELS.register_module()
class LeViTClsHead(ClsHead):
    """Classify a vector with a norm and a linear layer, or the mean of two such.

    Paper: LeViT, ICCV 2021, https://arxiv.org/abs/2104.01136. The second is meant
    to learn from a teacher, which is not part of it: in training too the loss is
    that of the mean.

    Args:
        num_classes: Number of classes ``K``.
        distillation: Whether there is a second one, for distillation; predictions take
            the mean of both.
        in_channels: Width ``D`` of the vector.
        deploy: Whether the norms are folded into the linear layers from the start.
        kwargs: Arguments of :class:`~mmlite.models.heads.ClsHead`.

    Shape:
        feats: a tuple whose last entry is ``(B, D)``; returns: ``(B, K)``.

    Example:
        >>> head = LeViTClsHead(10, in_channels=64).eval()
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int = 1000,
        distillation: bool = True,
        in_channels: int | None = None,
        deploy: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if in_channels is None:
            raise ValueError('in_channels must be given, as the width of the feature')
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.distillation = distillation
        self.head = BatchNormLinear(in_channels, num_classes)
        if distillation:
            self.head_dist = BatchNormLinear(in_channels, num_classes)
        self.deploy = False
        if deploy:
            self.switch_to_deploy()

    def switch_to_deploy(self) -> None:
        """Fold the norms into the linear layers; the outputs stay equal."""
        if not self.deploy:
            fuse_children(self)
            self.deploy = True

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The logits."""
        x = self.pre_logits(feats)
        if not self.distillation:
            return self.head(x)
        return (self.head(x) + self.head_dist(x)) / 2
