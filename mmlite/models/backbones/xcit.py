"""XCiT.

Paper: XCiT: Cross-Covariance Image Transformers, NeurIPS 2021,
https://arxiv.org/abs/2106.09681
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmengine.model import ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    build_norm_layer,
)
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    freeze,
)
from .token_outputs import check_out_type, format_tokens
from .xcit_blocks import (
    ClassAttentionBlock,
    ConvPatchEmbed,
    PositionalEncodingFourier,
    XCABlock,
)

__all__ = ['XCiT']

BN = dict(type='BN')
LAYER_NORM = dict(type='LN', eps=1e-6)
GELU = dict(type='GELU')
LINEAR_INIT = dict(type='TruncNormal', layer='Linear')


@MODELS.register_module()
class XCiT(BaseBackbone):
    """A transformer whose attention is among channels, linear in the tokens.

    Args:
        img_size: Size of the image in pixels, multiples of ``patch_size``; images of
            other sizes are accepted.
        patch_size: Edge of a patch, 8 or 16 pixels.
        in_channels: Channels of the image.
        embed_dims: Width ``D`` of the tokens.
        depth: Number of blocks.
        cls_attn_layers: Number of blocks that change the class token alone.
        num_heads: Number of attention heads.
        mlp_ratio: Hidden width of the feed-forward networks over ``D``.
        qkv_bias: Whether queries, keys and values have a bias.
        drop_rate: Dropout after the embedding and the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth of every block, a fraction.
        use_pos_embed: Whether there is a position embedding.
        layer_scale_init_value: Initial value of the factors on the branches.
        tokens_norm: Whether the last blocks normalise all tokens.
        out_type: What is returned of a block: ``'raw'`` is all tokens,
            ``'cls_token'`` the class token, ``'featmap'`` the others as a
            map, ``'avg_featmap'`` their mean.
        out_indices: Which of all blocks are returned; negative ones are counted from
            the end.
        final_norm: Whether there is a norm after the last block.
        frozen_stages: How many blocks keep their weights, plus one; from 0 the
            embedding does too, and -1 freezes nothing.
        bn_norm_cfg: Config of the batch norms.
        norm_cfg: Config of the other norms.
        act_cfg: Config of the activations.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one tensor per index, as ``out_type`` says.

    Raises:
        ValueError: if an argument is out of range, or a class token is asked for
            of a block that has none.

    Example:
        >>> model = MODELS.build(
        ...     dict(type='XCiT', embed_dims=16, depth=2, num_heads=2))
        >>> model(torch.zeros(1, 3, 64, 96))[0].shape
        torch.Size([1, 16])
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        in_channels: int = 3,
        embed_dims: int = 768,
        depth: int = 12,
        cls_attn_layers: int = 2,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        use_pos_embed: bool = True,
        layer_scale_init_value: float = 1.0,
        tokens_norm: bool = False,
        out_type: Literal['raw', 'featmap', 'avg_featmap', 'cls_token'] = 'cls_token',
        out_indices: int | Sequence[int] = (-1,),
        final_norm: bool = True,
        frozen_stages: int = -1,
        bn_norm_cfg: dict = BN,
        norm_cfg: dict = LAYER_NORM,
        act_cfg: dict = GELU,
        init_cfg: dict | list[dict] | None = LINEAR_INIT,
    ) -> None:
        super().__init__(init_cfg)
        if any(size % patch_size for size in to_2tuple(img_size)):
            raise ValueError(
                f'img_size={img_size} must be a multiple of patch_size={patch_size}'
            )
        self.embed_dims = embed_dims
        self.patch_size = patch_size
        self.num_layers = depth + cls_attn_layers
        self.out_indices = check_out_indices(out_indices, self.num_layers)
        self.out_type = out_type
        self._check_out_type(depth)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_layers + 1)
        self.patch_embed = ConvPatchEmbed(
            patch_size, in_channels, embed_dims, bn_norm_cfg, act_cfg
        )
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dims))
        self.use_pos_embed = use_pos_embed
        if use_pos_embed:
            self.pos_embed = PositionalEncodingFourier(dim=embed_dims)
        self.pos_drop = nn.Dropout(p=drop_rate)
        common: dict[str, Any] = dict(
            dim=embed_dims,
            num_heads=num_heads,
            mlp_ratio=mlp_ratio,
            qkv_bias=qkv_bias,
            drop=drop_rate,
            attn_drop=attn_drop_rate,
            layer_scale_init_value=layer_scale_init_value,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        self.xca_layers = ModuleList(
            XCABlock(drop_path=drop_path_rate, bn_norm_cfg=bn_norm_cfg, **common)
            for _ in range(depth)
        )
        self.ca_layers = ModuleList(
            ClassAttentionBlock(tokens_norm=tokens_norm, **common)
            for _ in range(cls_attn_layers)
        )
        self.norm = nn.Identity()
        if final_norm:
            self.norm = build_norm_layer(norm_cfg, embed_dims)[1]
        self._freeze_stages()

    def _check_out_type(self, depth: int) -> None:
        check_out_type(self.out_type, True)
        first = self.out_indices[0]
        if self.out_type == 'cls_token' and first < depth:
            raise ValueError(
                f"out_type='cls_token' needs out_indices from {depth}, where the "
                f"class token comes in, got {first}; set out_type='avg_featmap'"
            )

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every output, and the stride of maps."""
        stride = self.patch_size if self.out_type == 'featmap' else None
        return (FeatureSpec(self.embed_dims, stride),) * len(self.out_indices)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the class token."""
        super().init_weights()
        if not self.is_pretrained:
            trunc_normal_(self.cls_token, std=0.02)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the blocks that out_indices names."""
        x, size = self.patch_embed(x)
        if self.use_pos_embed:
            x = x + self.pos_embed(size).flatten(2).transpose(1, 2)
        x = self.pos_drop(x)
        outs = []
        depth = len(self.xca_layers)
        for i, layer in enumerate(self.xca_layers):
            x = layer(x, size)
            if i in self.out_indices:
                outs.append(format_tokens(x, self.out_type, size, 0))
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        for i, layer in enumerate(self.ca_layers, depth):
            x = layer(x)
            if i == self.num_layers - 1:
                x = self.norm(x)
            if i in self.out_indices:
                outs.append(format_tokens(x, self.out_type, size, 1))
        return tuple(outs)

    def _freeze_stages(self) -> None:
        if self.frozen_stages < 0:
            return
        if self.use_pos_embed:
            freeze(self.pos_embed)
        freeze(self.patch_embed, self.pos_drop)
        if self.frozen_stages > len(self.xca_layers):
            self.cls_token.requires_grad_(False)
        layers = [*self.xca_layers, *self.ca_layers]
        freeze(*layers[: max(self.frozen_stages - 1, 0)])
        if self.frozen_stages >= self.num_layers:
            freeze(self.norm)

    def train(self, mode: bool = True) -> XCiT:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        self._freeze_stages()
        return self
