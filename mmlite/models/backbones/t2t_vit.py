"""T2T-ViT.

Paper: Tokens-to-Token ViT: Training Vision Transformers from Scratch on ImageNet,
ICCV 2021, https://arxiv.org/abs/2101.11986
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    FFN,
    MultiheadAttention,
    build_norm_layer,
    check_arguments,
    fit_pos_embed,
    resize_pos_embed,
)
from .archs import one_each
from .base_backbone import BaseBackbone, check_out_indices
from .token_outputs import check_out_type, format_tokens

__all__ = ['T2T_ViT']

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')


class T2TTransformerLayer(BaseModule):
    """Attention and a feed-forward network, each after a norm.

    The products of queries and keys are multiplied by the root of the width of a
    head, not divided, as mmpretrain 1.2.0 does.

    Args:
        embed_dims: Width ``D`` of the output tokens.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        input_dims: Width of the input tokens; if it is given, the values are the
            shortcut of the attention.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        num_fcs: Linear layers of the feed-forward network.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Without effect, as in mmpretrain.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norms.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, input_dims)``; returns ``(B, L, D)``.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        input_dims: int | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.v_shortcut = input_dims is not None
        drop_path = dict(type='DropPath', drop_prob=drop_path_rate)
        self.ln1 = build_norm_layer(norm_cfg, input_dims or embed_dims)[1]
        self.attn = MultiheadAttention(
            embed_dims,
            num_heads,
            input_dims=input_dims,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            dropout_layer=drop_path,
            qkv_bias=qkv_bias,
            qk_scale=(embed_dims // num_heads) ** 0.5,
            v_shortcut=self.v_shortcut,
        )
        self.ln2 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            dropout_layer=drop_path,
            act_cfg=act_cfg,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attention among the tokens, then a network on each."""
        out = self.attn(self.ln1(x))
        x = out if self.v_shortcut else x + out
        return self.ffn(self.ln2(x), identity=x)


class T2TModule(BaseModule):
    """Turn an image into tokens by overlapping windows and attention in turn.

    Args:
        img_size: Size of the image in pixels.
        in_channels: Channels of the image.
        embed_dims: Width ``D`` of the tokens.
        token_dims: Width of the tokens in between.
        use_performer: Only False is possible.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, C, H, W)``.
        returns: ``(B, L, D)``, and the rows and columns of tokens.

    Raises:
        ValueError: if use_performer is true.
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        embed_dims: int = 384,
        token_dims: int = 64,
        use_performer: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if use_performer:
            raise ValueError(
                'use_performer=True is not implemented, nor is it in mmpretrain; '
                'set t2t_cfg.use_performer=False'
            )
        self.soft_split0 = nn.Unfold(7, padding=2, stride=4)
        self.soft_split1 = nn.Unfold(3, padding=1, stride=2)
        self.soft_split2 = nn.Unfold(3, padding=1, stride=2)
        common = dict(
            embed_dims=token_dims, num_heads=1, feedforward_channels=token_dims
        )
        widths = (in_channels * 49, token_dims * 9)
        self.attention1 = T2TTransformerLayer(input_dims=widths[0], **common)
        self.attention2 = T2TTransformerLayer(input_dims=widths[1], **common)
        self.project = nn.Linear(token_dims * 9, embed_dims)
        rows, columns = to_2tuple(img_size)
        self.init_out_size = (rows // 16, columns // 16)

    @staticmethod
    def _size(unfold: nn.Unfold, size: Sequence[int]) -> tuple[int, int]:
        rows, columns = (
            (side + 2 * unfold.padding - unfold.kernel_size) // unfold.stride + 1
            for side in size
        )
        return rows, columns

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of x, row by row."""
        size = self._size(self.soft_split0, x.shape[2:])
        x = self.soft_split0(x).transpose(1, 2)
        steps = (
            (self.attention1, self.soft_split1),
            (self.attention2, self.soft_split2),
        )
        for attention, split in steps:
            x = split(attention(x).transpose(1, 2).unflatten(2, size))
            x, size = x.transpose(1, 2), self._size(split, size)
        return self.project(x), size


def sinusoid_encoding(length: int, dims: int) -> Tensor:
    """Sines and cosines of the places in a sequence, ``(1, length, dims)``."""
    waves = 10000 ** (2 * (np.arange(dims) // 2) / dims)
    angles = np.arange(length)[:, None] / waves
    angles[:, 0::2] = np.sin(angles[:, 0::2])
    angles[:, 1::2] = np.cos(angles[:, 1::2])
    return torch.tensor(angles, dtype=torch.float32)[None]


@MODELS.register_module()
class T2T_ViT(BaseBackbone):  # noqa: N801 (mmpretrain's name)
    """A deep and narrow vision transformer whose tokens overlap.

    Args:
        img_size: Size of the image in pixels, for which positions are made; images of
            other sizes are accepted.
        in_channels: Channels of the image.
        embed_dims: Width ``D`` of the tokens.
        num_layers: Number of layers.
        out_indices: Which layers are returned; negative ones are counted from the end.
        drop_rate: Dropout after the embedding, a fraction.
        drop_path_rate: Rate of stochastic depth of the last layer, a fraction; it grows
            linearly from 0 in the first.
        norm_cfg: Config of the norms.
        final_norm: Whether there is a norm after the last layer.
        out_type: As in :class:`VisionTransformer`; the mean is not normalised.
        with_cls_token: Whether there is a class token.
        interpolate_mode: How the position embedding is interpolated.
        t2t_cfg: Further arguments of what turns the image into tokens.
        layer_cfgs: Further arguments of a layer, or a list with one dict each.
        init_cfg: Config of the initialisation.

    Shape:
        As in :class:`VisionTransformer`, with patches of 16 pixels.

    Raises:
        ValueError: if out_type or out_indices is out of range.

    Example:
        >>> model = MODELS.build(dict(type='T2T_ViT', num_layers=2))
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 384])
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        embed_dims: int = 384,
        num_layers: int = 14,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
        final_norm: bool = True,
        out_type: Literal['raw', 'cls_token', 'featmap', 'avg_featmap'] = 'cls_token',
        with_cls_token: bool = True,
        interpolate_mode: str = 'bicubic',
        t2t_cfg: dict | None = None,
        layer_cfgs: dict | Sequence[dict] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_out_type(out_type, with_cls_token)
        self.out_type = out_type
        self.embed_dims = embed_dims
        self.out_indices = check_out_indices(out_indices, num_layers)
        embed = dict(img_size=img_size, in_channels=in_channels, embed_dims=embed_dims)
        check_arguments(T2TModule, t2t_cfg or {}, 't2t_cfg', [*embed])
        self.tokens_to_token = T2TModule(**{**embed, **(t2t_cfg or {})})
        self.patch_resolution = self.tokens_to_token.init_out_size
        self.num_extra_tokens = int(with_cls_token)
        self.cls_token = None
        if with_cls_token:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dims))
        self.interpolate_mode = interpolate_mode
        length = self.patch_resolution[0] * self.patch_resolution[1]
        table = sinusoid_encoding(length + self.num_extra_tokens, embed_dims)
        self.register_buffer('pos_embed', table)
        self.drop_after_pos = nn.Dropout(p=drop_rate)
        common = dict(
            embed_dims=embed_dims,
            num_heads=6,
            feedforward_channels=3 * embed_dims,
            norm_cfg=norm_cfg,
        )
        cfgs = one_each(layer_cfgs, num_layers, T2TTransformerLayer, [*common])
        rates = np.linspace(0, drop_path_rate, num_layers).tolist()
        self.encoder = ModuleList(
            T2TTransformerLayer(**{**common, 'drop_path_rate': rate, **cfg})
            for rate, cfg in zip(rates, cfgs, strict=True)
        )
        self.norm = nn.Identity()
        if final_norm:
            self.norm = build_norm_layer(norm_cfg, embed_dims)[1]

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every output, and the stride of maps."""
        stride = 16 if self.out_type == 'featmap' else None
        return (FeatureSpec(self.embed_dims, stride),) * len(self.out_indices)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the class token."""
        super().init_weights()
        if self.cls_token is not None and not self.is_pretrained:
            trunc_normal_(self.cls_token, std=0.02)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        fit_pos_embed(
            state_dict,
            f'{prefix}pos_embed',
            self.pos_embed,
            self.patch_resolution,
            self.interpolate_mode,
            self.num_extra_tokens,
        )
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the layers that out_indices names."""
        x, size = self.tokens_to_token(x)
        if self.cls_token is not None:
            x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        x = x + resize_pos_embed(
            self.pos_embed,
            self.patch_resolution,
            size,
            self.interpolate_mode,
            self.num_extra_tokens,
        )
        x = self.drop_after_pos(x)
        outs = []
        for i, layer in enumerate(self.encoder):
            x = layer(x)
            if i == len(self.encoder) - 1:
                x = self.norm(x)
            if i in self.out_indices:
                extra = self.num_extra_tokens
                outs.append(format_tokens(x, self.out_type, size, extra))
        return tuple(outs)
