"""The blocks and stages of DaViT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ..layers import (
    FFN,
    ConditionalPositionEncoding,
    ShiftWindowMSA,
    WindowAttention,
    build_conv_layer,
    build_norm_layer,
    check_arguments,
    checkpointed,
    split_heads,
)
from .swin_transformer_blocks import SwinBlockSequence

__all__ = [
    'DaViTBlock',
    'DaViTBlockSequence',
]

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')


class DaViTWindowMSA(WindowAttention):
    """Self-attention within windows, without positions.

    Args:
        embed_dims: Width ``D`` of the tokens.
        window_size: Rows and columns of a window.
        num_heads: Number of attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        embed_dims: int,
        window_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.window_size = window_size
        self.num_heads = num_heads
        self.scale = qk_scale or (embed_dims // num_heads) ** -0.5
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.init_projection(embed_dims, attn_drop, proj_drop)

    def query_key_value(self, x: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys and values of x."""
        return split_heads(self.qkv(x), self.num_heads)

    def position_bias(self) -> None:
        """Nothing is added."""


class DaViTDownSample(BaseModule):
    """Join neighbouring tokens by a norm and a strided convolution.

    Args:
        in_channels: Width of the tokens.
        out_channels: Width of the joined tokens.
        conv_type: Registered name of the convolution.
        kernel_size: Edge of the kernel, in tokens.
        stride: In tokens; ``None`` is kernel_size.
        padding: In tokens; ``'same'`` and ``'corner'`` have none, as in mmpretrain.
        dilation: In tokens.
        bias: Whether the convolution has one.
        norm_cfg: Config of the norm; ``None`` has none.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, H * W, in_channels)``.
        returns: ``(B, H' * W', out_channels)``, and ``(H', W')``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        conv_type: str = 'Conv2d',
        kernel_size: int | Sequence[int] = 2,
        stride: int | Sequence[int] | None = 2,
        padding: int | str | Sequence[int] = 'same',
        dilation: int | Sequence[int] = 1,
        bias: bool = True,
        norm_cfg: dict | None = LAYER_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.out_channels = out_channels
        self.projection = build_conv_layer(
            dict(type=conv_type),
            in_channels,
            out_channels,
            to_2tuple(kernel_size),
            stride=to_2tuple(stride or kernel_size),
            padding=to_2tuple(0 if isinstance(padding, str) else padding),
            dilation=to_2tuple(dilation),
            bias=bias,
        )
        self.norm = nn.Identity()
        if norm_cfg is not None:
            self.norm = build_norm_layer(norm_cfg, in_channels)[1]

    def forward(
        self, x: Tensor, input_size: Sequence[int]
    ) -> tuple[Tensor, tuple[int, int]]:
        """Join the tokens of a map of ``input_size``."""
        x = self.norm(x).transpose(1, 2).unflatten(2, tuple(input_size))
        x = self.projection(x)
        return x.flatten(2).transpose(1, 2), (x.shape[2], x.shape[3])


class ChannelAttention(BaseModule):
    """Attention of channels to channels.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        qkv_bias: Whether queries, keys and values have a bias.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self, embed_dims: int, num_heads: int = 8, qkv_bias: bool = False
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = (embed_dims // num_heads) ** -0.5
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every channel of x to those of its head."""
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        attention = ((k * self.scale).transpose(-1, -2) @ v).softmax(dim=-1)
        out = q @ attention.transpose(-1, -2).to(q.dtype)
        return self.proj(out.transpose(1, 2).flatten(2))


class ConvPosBlock(BaseModule):
    """An attention and a feed-forward network, each after positions and a norm.

    Args:
        embed_dims: Width ``D`` of the tokens.
        attn: The attention module.
        ffn_ratio: Hidden width of the feed-forward network over ``D``.
        drop_path: Rate of stochastic depth of the feed-forward network, a fraction.
        ffn_cfgs: Further arguments of :class:`FFN`.
        norm_cfg: Config of the norms.
        with_cp: Whether to save memory by computing activations again in the backward
            pass.

    Override:
        attend: the attention among the tokens of a map.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        attn: nn.Module,
        ffn_ratio: float = 4.0,
        drop_path: float = 0.0,
        ffn_cfgs: dict | None = None,
        norm_cfg: dict = LAYER_NORM,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.cpe1 = ConditionalPositionEncoding(embed_dims, embed_dims)
        self.norm1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = attn
        self.cpe2 = ConditionalPositionEncoding(embed_dims, embed_dims)
        ffn = dict(
            embed_dims=embed_dims,
            feedforward_channels=int(embed_dims * ffn_ratio),
            dropout_layer=dict(type='DropPath', drop_prob=drop_path),
            act_cfg=GELU,
        )
        check_arguments(FFN, ffn_cfgs or {}, 'ffn_cfgs', [*ffn])
        self.norm2 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.ffn = FFN(**{**ffn, **(ffn_cfgs or {})})

    def attend(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """The attention of x, a map of ``hw_shape`` tokens."""
        return self.attn(x, hw_shape)

    def forward(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Attention among the tokens of a map, then a network on each."""

        def run(x: Tensor) -> Tensor:
            x = self.cpe1(x, hw_shape)
            x = x + self.attend(self.norm1(x), hw_shape)
            x = self.cpe2(x, hw_shape)
            return self.ffn(self.norm2(x), identity=x)

        return checkpointed(self, run, x) if self.with_cp else run(x)


class ChannelBlock(ConvPosBlock):
    """A :class:`ConvPosBlock` that attends to channels, whatever the map."""

    def attend(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """The attention of x."""
        return self.attn(x)


class DaViTBlock(BaseModule):
    """Attention within windows, then among channels.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window.
        ffn_ratio: Hidden width of the feed-forward networks over ``D``.
        qkv_bias: Whether queries, keys and values have a bias.
        drop_path: Rate of stochastic depth, a fraction.
        pad_small_map: Whether a map smaller than a window is padded.
        attn_cfgs: Further arguments of :class:`ShiftWindowMSA`.
        ffn_cfgs: Further arguments of :class:`FFN`.
        norm_cfg: Config of the norms.
        with_cp: Whether to save memory by computing the windows' part again in the
            backward pass.
        shift: Without effect: windows are not shifted.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int = 7,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_path: float = 0.0,
        pad_small_map: bool = False,
        attn_cfgs: dict | None = None,
        ffn_cfgs: dict | None = None,
        norm_cfg: dict = LAYER_NORM,
        with_cp: bool = False,
        shift: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        attn = dict(
            embed_dims=embed_dims,
            num_heads=num_heads,
            window_size=window_size,
            dropout_layer=dict(type='DropPath', drop_prob=drop_path),
            qkv_bias=qkv_bias,
            pad_small_map=pad_small_map,
            window_msa=DaViTWindowMSA,
        )
        common = dict(
            ffn_ratio=ffn_ratio,
            drop_path=drop_path,
            ffn_cfgs=ffn_cfgs,
            norm_cfg=norm_cfg,
        )
        windows = ShiftWindowMSA(**{**attn, **(attn_cfgs or {})})
        self.spatial_block = ConvPosBlock(
            embed_dims, windows, with_cp=with_cp, **common
        )
        channels = ChannelAttention(embed_dims, num_heads, qkv_bias)
        self.channel_block = ChannelBlock(embed_dims, channels, **common)

    def forward(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Both parts, one after the other."""
        return self.channel_block(self.spatial_block(x, hw_shape), hw_shape)


class DaViTBlockSequence(SwinBlockSequence):
    """One stage: blocks, then a convolution that joins tokens.

    Args:
        embed_dims: Width of the tokens.
        depth: Number of blocks.
        num_heads: Number of attention heads.
        ffn_ratio: Hidden width of the feed-forward networks over ``embed_dims``.
        qkv_bias: Whether queries, keys and values have a bias.
        kwargs: Arguments of :class:`SwinBlockSequence`.
    """

    block_type: ClassVar[type[nn.Module]] = DaViTBlock

    def __init__(
        self,
        embed_dims: int,
        depth: int,
        num_heads: int,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        self.block_args = dict(ffn_ratio=ffn_ratio, qkv_bias=qkv_bias)
        super().__init__(embed_dims, depth, num_heads, **kwargs)

    def make_downsample(self, embed_dims: int, cfg: dict | None) -> nn.Module:
        """The convolution."""
        own = dict(in_channels=embed_dims, out_channels=2 * embed_dims)
        check_arguments(DaViTDownSample, cfg or {}, 'downsample_cfg', [*own])
        return DaViTDownSample(**{**own, **(cfg or {})})
