"""Two 1x1 convolutions with an activation in between."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor, nn

from .activation import build_activation_layer
from .norm import build_norm_layer

__all__ = ['ConvMlp', 'NormedConvMlp']

GELU = dict(type='GELU')
BATCH_NORM = dict(type='BN')


class ConvMlp(BaseModule):
    """A feed-forward network on a map.

    Args:
        in_features: Channels of the input.
        hidden_features: Width in between; ``None`` is in_features.
        out_features: Channels of the output; ``None`` is in_features.
        act_cfg: Config of the activation.
        drop: Dropout behind either convolution, a fraction.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_features, H, W)``; returns ``(B, out_features, H, W)``.

    Example:
        >>> from mmlite.models.layers import ConvMlp
        >>> ConvMlp(8, 32)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 8, 4, 4])
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int | None = None,
        out_features: int | None = None,
        act_cfg: dict = GELU,
        drop: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        hidden = hidden_features or in_features
        self.fc1 = nn.Conv2d(in_features, hidden, 1)
        self.act = build_activation_layer(act_cfg)
        self.fc2 = nn.Conv2d(hidden, out_features or in_features, 1)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """The network of x."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class NormedConvMlp(ConvMlp):
    """:class:`ConvMlp` with a norm behind either convolution.

    Arguments are those of :class:`ConvMlp`, and ``norm_cfg``.
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int | None = None,
        out_features: int | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = GELU,
        drop: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            in_features, hidden_features, out_features, act_cfg, drop, init_cfg
        )
        self.norm1 = build_norm_layer(norm_cfg, self.fc1.out_channels)[1]
        self.norm2 = build_norm_layer(norm_cfg, self.fc2.out_channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """The network of x."""
        x = self.drop(self.act(self.norm1(self.fc1(x))))
        return self.drop(self.norm2(self.fc2(x)))
