"""A classifier's head with several linear layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_positive
from ...registry import MODELS
from ..layers import build_activation_layer, build_norm_layer, last_feature
from .cls_head import ClsHead

__all__ = ['LinearBlock', 'StackedLinearClsHead']

RELU = dict(type='ReLU')


class LinearBlock(BaseModule):
    """A linear layer, with the norm, activation and dropout that are configured.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        dropout_rate: Dropout of the output, a fraction.
        norm_cfg: Config of the norm; ``None`` has none.
        act_cfg: Config of the activation; ``None`` has none.
        init_cfg: Config of the initialisation.

    Example:
        >>> LinearBlock(8, 4, act_cfg=dict(type='ReLU'))(torch.zeros(2, 8)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dropout_rate: float = 0.0,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.fc = nn.Linear(in_channels, out_channels)
        self.norm = self.act = self.dropout = nn.Identity()
        if norm_cfg is not None:
            self.norm = build_norm_layer(norm_cfg, out_channels)[1]
        if act_cfg is not None:
            self.act = build_activation_layer(act_cfg)
        if dropout_rate > 0:
            self.dropout = nn.Dropout(dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        """The layers of x."""
        return self.dropout(self.act(self.norm(self.fc(x))))


@MODELS.register_module()
class StackedLinearClsHead(ClsHead):
    """Classify the last feature with hidden layers and a linear one.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature.
        mid_channels: Widths of the hidden layers.
        dropout_rate: Dropout behind each hidden layer, a fraction.
        norm_cfg: Config of the norm of each hidden layer; ``None`` has none.
        act_cfg: Config of the activation of each; ``None`` has none.
        kwargs: Arguments of :class:`~mmlite.models.heads.ClsHead`.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels)``.
        returns: ``(B, K)``.

    Raises:
        ValueError: if num_classes is not positive, or mid_channels is empty.

    Example:
        >>> head = StackedLinearClsHead(10, in_channels=64, mid_channels=[32])
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        mid_channels: Sequence[int],
        dropout_rate: float = 0.0,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = RELU,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_positive(num_classes=num_classes)
        if not mid_channels:
            raise ValueError(
                'mid_channels must name at least one width; use type=LinearClsHead '
                'for a head without a hidden layer'
            )
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.mid_channels = tuple(mid_channels)
        widths = (in_channels, *self.mid_channels)
        self.layers = nn.ModuleList(
            LinearBlock(width, next_width, dropout_rate, norm_cfg, act_cfg)
            for width, next_width in zip(widths, widths[1:], strict=False)
        )
        self.layers.append(LinearBlock(widths[-1], num_classes))

    @property
    def fc(self) -> LinearBlock:
        """The last layer."""
        return self.layers[-1]

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """What enters the last layer."""
        x = last_feature(feats)
        for layer in self.layers[:-1]:
            x = layer(x)
        return x

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The logits."""
        return self.fc(self.pre_logits(feats))
