"""The head of Vision GNN."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...registry import MODELS
from ..layers import build_activation_layer, last_feature
from .cls_head import ClsHead

__all__ = ['VigClsHead']

GELU = dict(type='GELU')


@MODELS.register_module()
class VigClsHead(ClsHead):
    """Classify a vector with two linear layers and a norm in between.

    Paper: Vision GNN, NeurIPS 2022, https://arxiv.org/abs/2206.00272

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the vector.
        hidden_dim: Width of the hidden layer.
        act_cfg: Config of the activation.
        dropout: Dropout before the last layer, a fraction.
        kwargs: Arguments of :class:`~mmlite.models.heads.ClsHead`.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels)``.
        returns: ``(B, K)``.

    Example:
        >>> head = VigClsHead(10, in_channels=64).eval()
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_dim: int = 1024,
        act_cfg: dict = GELU,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.fc1 = nn.Linear(in_channels, hidden_dim)
        self.bn = nn.BatchNorm1d(hidden_dim)
        self.act = build_activation_layer(act_cfg)
        self.drop = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden_dim, num_classes)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """What enters the last layer."""
        return self.drop(self.act(self.bn(self.fc1(last_feature(feats)))))

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The logits."""
        return self.fc2(self.pre_logits(feats))
