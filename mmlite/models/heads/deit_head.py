"""The head of a distilled vision transformer."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...registry import MODELS
from ..layers import last_feature
from .vision_transformer_head import VisionTransformerClsHead

__all__ = ['DeiTClsHead']


@MODELS.register_module()
class DeiTClsHead(VisionTransformerClsHead):
    """Classify the class token and the distillation token, and take the mean.

    In training too the loss is that of the mean: a teacher is not part of it.

    Paper: Training data-efficient image transformers & distillation through
    attention, ICML 2021, https://arxiv.org/abs/2012.12877

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width ``D`` of the tokens.
        kwargs: Arguments of
            :class:`~mmlite.models.heads.VisionTransformerClsHead`.

    Shape:
        feats: a tuple whose last entry has the class token and the distillation
            token last, ``(B, D)`` each, or one vector that stands for both.
        returns: ``(B, K)``.

    Example:
        >>> head = DeiTClsHead(10, in_channels=64)
        >>> head(((torch.rand(2, 64), torch.rand(2, 64)), )).shape
        torch.Size([2, 10])
    """

    def __init__(self, num_classes: int, in_channels: int, **kwargs: Any) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        last = self.layers.head
        self.layers.add_module('head_dist', nn.Linear(last.in_features, num_classes))

    def pre_logits(self, feats: tuple[tuple[Tensor, ...], ...]) -> tuple[Tensor, ...]:
        """What enters the two last layers."""
        tokens = last_feature(feats)
        if isinstance(tokens, Tensor):
            tokens = (tokens, tokens)
        cls_token, dist_token = tokens[-2:]
        return super().pre_logits((cls_token,)), super().pre_logits((dist_token,))

    def forward(self, feats: tuple[tuple[Tensor, ...], ...]) -> Tensor:
        """The mean of the logits of both tokens."""
        cls_token, dist_token = self.pre_logits(feats)
        return (self.layers.head(cls_token) + self.layers.head_dist(dist_token)) / 2
