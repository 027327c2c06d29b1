"""The head of a vision transformer."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

from mmengine.model import Sequential
from torch import Tensor, nn

from ...errors import check_positive
from ...registry import MODELS
from ..layers import build_activation_layer, last_feature
from .cls_head import ClsHead

TANH = dict(type='Tanh')
ZERO_INIT = dict(type='Constant', layer='Linear', val=0)


@MODELS.register_module()
class VisionTransformerClsHead(ClsHead):
    """Classify the class token with one linear layer, or two.

    Paper: An Image is Worth 16x16 Words, ICLR 2021,
    https://arxiv.org/abs/2010.11929.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width ``D`` of the token.
        hidden_dim: Width of a hidden layer; None has no such layer.
        act_cfg: Config of the activation behind the hidden layer.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Arguments of :class:`~mmlite.models.heads.ClsHead`.

    Shape:
        feats: a tuple whose last entry is the class token ``(B, D)``, or a
        list with the class token last.
        returns: ``(B, K)``.

    Raises:
        ValueError: if ``num_classes`` is not positive.

    Example:
        >>> head = VisionTransformerClsHead(10, in_channels=64, hidden_dim=32)
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_dim: int | None = None,
        act_cfg: dict = TANH,
        init_cfg: dict | list | None = ZERO_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_positive(num_classes=num_classes)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.hidden_dim = hidden_dim
        layers: list[tuple[str, nn.Module]] = []
        if hidden_dim is not None:
            layers.append(('pre_logits', nn.Linear(in_channels, hidden_dim)))
            layers.append(('act', build_activation_layer(act_cfg)))
        layers.append(('head', nn.Linear(hidden_dim or in_channels, num_classes)))
        self.layers = Sequential(OrderedDict(layers))

    def init_weights(self) -> None:
        """Initialise, the hidden layer so that it keeps the variance."""
        super().init_weights()
        if self.hidden_dim is not None:
            hidden = self.layers.pre_logits
            nn.init.trunc_normal_(hidden.weight, std=math.sqrt(1 / hidden.in_features))
            nn.init.zeros_(hidden.bias)

    def pre_logits(self, feats: tuple[Tensor | list[Tensor], ...]) -> Tensor:
        """What enters the last layer: the class token, or the hidden layer."""
        token = last_feature(feats)
        if isinstance(token, (list, tuple)):
            token = token[-1]
        if self.hidden_dim is None:
            return token
        return self.layers.act(self.layers.pre_logits(token))

    def forward(self, feats: tuple[Tensor | list[Tensor], ...]) -> Tensor:
        """The logits."""
        return self.layers.head(self.pre_logits(feats))
