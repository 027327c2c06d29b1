"""Two linear layers."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor, nn

from .activation import build_activation_layer

__all__ = ['Mlp']

GELU = dict(type='GELU')


class Mlp(BaseModule):
    """Two linear layers ``fc1`` and ``fc2`` with an activation, without a shortcut.

    Args:
        in_channels: Width of the input.
        hidden_channels: Width in between; ``None`` is in_channels.
        out_channels: Width of the output; ``None`` is in_channels.
        act_cfg: Config of the activation.
        drop: Dropout of the output, a fraction.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(*, in_channels)``; returns ``(*, out_channels)``.

    Example:
        >>> Mlp(8, 32)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int | None = None,
        out_channels: int | None = None,
        act_cfg: dict = GELU,
        drop: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        hidden = hidden_channels or in_channels
        self.fc1 = nn.Linear(in_channels, hidden)
        self.act = build_activation_layer(act_cfg)
        self.fc2 = nn.Linear(hidden, out_channels or in_channels)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """The network of x."""
        return self.drop(self.fc2(self.act(self.fc1(x))))
