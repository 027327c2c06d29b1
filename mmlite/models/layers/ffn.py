"""Feed-forward networks of transformers."""

from __future__ import annotations

import torch.nn.functional as F
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ...errors import check_at_least
from ...registry import MODELS
from .activation import build_activation_layer
from .drop import build_dropout
from .layer_scale import LayerScale
from .norm import build_norm_layer

__all__ = ['FFN', 'SwiGLUFFN', 'SwiGLUFFNFused']

RELU = dict(type='ReLU', inplace=True)


class _Branch(BaseModule):
    """How a feed-forward network ends: scale, drop, and add to the identity."""

    def _init_end(
        self,
        embed_dims: int,
        layer_scale_init_value: float | Tensor,
        dropout_layer: dict | None,
        add_identity: bool,
    ) -> None:
        self.gamma2 = nn.Identity()
        if isinstance(layer_scale_init_value, Tensor) or layer_scale_init_value > 0:
            self.gamma2 = LayerScale(embed_dims, layer_scale_init_value)
        self.dropout_layer = build_dropout(dropout_layer)
        self.add_identity = add_identity

    def _end(self, out: Tensor, identity: Tensor) -> Tensor:
        out = self.dropout_layer(self.gamma2(out))
        return identity + out if self.add_identity else out


@MODELS.register_module()
class FFN(_Branch):
    """Linear layers with activations in between, and a shortcut around them.

    Args:
        embed_dims: Width of the tokens.
        feedforward_channels: Width in between.
        num_fcs: Number of linear layers, 2 or more.
        act_cfg: Config of the activations.
        ffn_drop: Dropout after every linear layer, a fraction.
        dropout_layer: Config of the dropout on the branch; ``None`` has none.
        add_identity: Whether the shortcut is added.
        init_cfg: Config of the initialisation.
        layer_scale_init_value: Start of a :class:`LayerScale`; 0 has none.

    Shape:
        x, identity: ``(B, L, D)``; returns the same shape.

    Raises:
        ValueError: if num_fcs is less than 2.

    Example:
        >>> FFN(8, 32)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        embed_dims: int = 256,
        feedforward_channels: int = 1024,
        num_fcs: int = 2,
        act_cfg: dict = RELU,
        ffn_drop: float = 0.0,
        dropout_layer: dict | None = None,
        add_identity: bool = True,
        init_cfg: dict | list[dict] | None = None,
        layer_scale_init_value: float | Tensor = 0.0,
    ) -> None:
        super().__init__(init_cfg)
        check_at_least(2, num_fcs=num_fcs)
        self.embed_dims = embed_dims
        self.feedforward_channels = feedforward_channels
        self.num_fcs = num_fcs
        layers: list[nn.Module] = []
        in_channels = embed_dims
        for _ in range(num_fcs - 1):
            linear = nn.Linear(in_channels, feedforward_channels)
            act = build_activation_layer(act_cfg)
            layers.append(Sequential(linear, act, nn.Dropout(ffn_drop)))
            in_channels = feedforward_channels
        layers += [nn.Linear(in_channels, embed_dims), nn.Dropout(ffn_drop)]
        self.layers = Sequential(*layers)
        self._init_end(embed_dims, layer_scale_init_value, dropout_layer, add_identity)

    def forward(self, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """The network of x, added to ``identity`` (default: x)."""
        return self._end(self.layers(x), x if identity is None else identity)


@MODELS.register_module()
class SwiGLUFFN(_Branch):
    """A feed-forward network whose hidden units are gated by SiLU.

    Paper: GLU Variants Improve Transformer, https://arxiv.org/abs/2002.05202

    Args:
        embed_dims: Width of the tokens.
        feedforward_channels: Width in between; ``None`` is embed_dims.
        out_dims: Width of the output; ``None`` is embed_dims.
        layer_scale_init_value: Start of a :class:`LayerScale`; 0 has none.
        bias: Whether the linear layers have a bias.
        dropout_layer: Config of the dropout on the branch; ``None`` has none.
        norm_cfg: Config of a norm on the hidden units; ``None`` has none.
        add_identity: Whether the shortcut is added.
        init_cfg: Config of the initialisation.

    Shape:
        x, identity: ``(B, L, D)``; returns ``(B, L, out_dims)``.

    Raises:
        ValueError: if the shortcut has another width than the output.

    Example:
        >>> SwiGLUFFN(8, 32)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int | None = None,
        out_dims: int | None = None,
        layer_scale_init_value: float | Tensor = 0.0,
        bias: bool = True,
        dropout_layer: dict | None = None,
        norm_cfg: dict | None = None,
        add_identity: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        hidden = feedforward_channels or embed_dims
        out_dims = out_dims or embed_dims
        if add_identity and out_dims != embed_dims:
            raise ValueError(
                f'out_dims={out_dims} differs from embed_dims={embed_dims}; '
                'set add_identity=False'
            )
        self.embed_dims = embed_dims
        self.out_dims = out_dims
        self.w12 = nn.Linear(embed_dims, 2 * hidden, bias=bias)
        self.norm = nn.Identity()
        if norm_cfg is not None:
            self.norm = build_norm_layer(norm_cfg, hidden)[1]
        self.w3 = nn.Linear(hidden, out_dims, bias=bias)
        self._init_end(out_dims, layer_scale_init_value, dropout_layer, add_identity)

    def forward(self, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """The network of x, added to ``identity`` (default: x)."""
        gate, value = self.w12(x).chunk(2, dim=-1)
        out = self.w3(self.norm(F.silu(gate) * value))
        return self._end(out, x if identity is None else identity)


@MODELS.register_module()
class SwiGLUFFNFused(SwiGLUFFN):
    """:class:`SwiGLUFFN` with as many weights as an :class:`FFN` of its width.

    The width in between is two thirds of ``feedforward_channels``, rounded up
    to a multiple of 8. Arguments are those of :class:`SwiGLUFFN`.

    Example:
        >>> SwiGLUFFNFused(8, 32).w3.in_features
        24
    """

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int | None = None,
        out_dims: int | None = None,
        layer_scale_init_value: float | Tensor = 0.0,
        bias: bool = True,
        **kwargs,
    ) -> None:
        hidden = (feedforward_channels or embed_dims) * 2 // 3
        super().__init__(
            embed_dims,
            (hidden + 7) // 8 * 8,
            out_dims,
            layer_scale_init_value,
            bias,
            **kwargs,
        )
