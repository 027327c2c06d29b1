"""The backbone of MixMIM.

Paper: MixMIM: Mixed and Masked Image Modeling for Efficient Visual Representation
Learning, CVPR 2023, https://arxiv.org/abs/2205.13137
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    PatchEmbed,
    PatchMerging,
    TransformerEncoderLayer,
    WindowMSA,
    build_dropout,
    build_norm_layer,
    check_arguments,
    checkpointed,
    window_partition,
    window_reverse,
)
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone

__all__ = ['MixMIMTransformer']

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')
#: What is added to a product of tokens of two mixed images.
_HIDDEN = -1e30


class MixMIMBlock(TransformerEncoderLayer):
    """Attention within windows among tokens of one image of a mixture.

    Args:
        embed_dims: Width ``D`` of the tokens.
        input_resolution: Rows and columns of tokens.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window.
        mlp_ratio: Hidden width of the feed-forward network over ``D``.
        num_fcs: Linear layers of the feed-forward network.
        qkv_bias: Whether queries, keys and values have a bias.
        proj_drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norms.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        input_resolution: Sequence[int],
        num_heads: int,
        window_size: int = 7,
        mlp_ratio: float = 4.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        proj_drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
    ) -> None:
        super().__init__(
            embed_dims,
            num_heads,
            int(mlp_ratio * embed_dims),
            drop_rate=proj_drop_rate,
            drop_path_rate=drop_path_rate,
            num_fcs=num_fcs,
            act_cfg=act_cfg,
            norm_cfg=norm_cfg,
        )
        self.input_resolution = tuple(input_resolution)
        self.window_size = min(window_size, *input_resolution)
        self.attn = WindowMSA(
            embed_dims,
            (self.window_size, self.window_size),
            num_heads,
            qkv_bias,
            attn_drop=attn_drop_rate,
            proj_drop=proj_drop_rate,
        )
        self.drop_path = build_dropout(dict(type='DropPath', drop_prob=drop_path_rate))

    def forward(self, x: Tensor, attn_mask: Tensor | None = None) -> Tensor:
        """Attention within windows, then a network on each token.

        Args:
            x: The tokens.
            attn_mask: ``(1, H * W, 1)``: which of two images a token is of, 0 or
                1; None is one image.
        """
        size, window = self.input_resolution, self.window_size
        windows = window_partition(self.ln1(x).unflatten(1, size), window)
        apart = None
        if attn_mask is not None:
            image = window_partition(attn_mask.view(1, *size, 1), window).squeeze(-1)
            apart = (image[:, None, :] != image[:, :, None]) * _HIDDEN
        out = window_reverse(self.attn(windows, apart), size, window).flatten(1, 2)
        x = x + self.drop_path(out)
        return self.ffn(self.ln2(x), identity=x)


class MixMIMLayer(BaseModule):
    """One stage: blocks, then a merging.

    Args:
        embed_dims: Width of the tokens.
        input_resolution: Rows and columns of tokens.
        depth: Number of blocks.
        drop_path_rate: Rate of stochastic depth of each block, one fraction a block.
        norm_cfg: Config of the norms.
        downsample: Whether a merging follows.
        use_checkpoint: Whether to save memory by computing activations again in the
            backward pass.
        kwargs: Further arguments of a block.
    """

    def __init__(
        self,
        embed_dims: int,
        input_resolution: Sequence[int],
        depth: int,
        drop_path_rate: Sequence[float],
        norm_cfg: dict = LAYER_NORM,
        downsample: bool = False,
        use_checkpoint: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.input_resolution = tuple(input_resolution)
        self.use_checkpoint = use_checkpoint
        self.blocks = ModuleList(
            MixMIMBlock(
                embed_dims,
                input_resolution,
                drop_path_rate=drop_path_rate[i],
                norm_cfg=norm_cfg,
                **kwargs,
            )
            for i in range(depth)
        )
        self.downsample = None
        if downsample:
            self.downsample = PatchMerging(
                embed_dims, 2 * embed_dims, norm_cfg=norm_cfg
            )

    def forward(self, x: Tensor, attn_mask: Tensor | None = None) -> Tensor:
        """The stage of tokens ``(B, L, D)``."""
        for block in self.blocks:
            if self.use_checkpoint:
                x = checkpointed(block, lambda t, b=block: b(t, attn_mask), x)
            else:
                x = block(x, attn_mask)
        if self.downsample is not None:
            x, _ = self.downsample(x, self.input_resolution)
        return x


@MODELS.register_module()
class MixMIMTransformer(BaseBackbone):
    """A pyramid of transformers that attend within large windows, not shifted.

    Args:
        arch: ``'base'``, ``'large'``, ``'huge'``, or a dict with the keys
            ``embed_dims``, ``depths`` and ``num_heads``.
        mlp_ratio: Hidden width of the feed-forward networks over that of tokens.
        img_size: Size of the image in pixels, the only one that it takes.
        patch_size: Edge of a patch, in pixels.
        in_channels: Channels of the image.
        window_size: Rows and columns of a window in every stage.
        qkv_bias: Whether queries, keys and values have a bias.
        patch_cfg: Further arguments of ``PatchEmbed``.
        norm_cfg: Config of the norms.
        drop_rate: Dropout after the embedding and the projections, a fraction.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            linearly from 0 in the first.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        use_checkpoint: Whether to save memory by computing activations again in the
            backward pass.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)`` with ``img_size``.
        returns: the mean of the last tokens, ``(B, D)``.

    Raises:
        ValueError: if arch is out of range.
        DataError: if an image has another size.

    Example:
        >>> arch = dict(embed_dims=8, depths=[1, 1], num_heads=[1, 2])
        >>> model = MODELS.build(dict(
        ...     type='MixMIMTransformer', arch=arch, img_size=64, window_size=[4, 4]))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 16])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims depths num_heads',
        base=('b base', (128, [2, 2, 18, 2], [4, 8, 16, 32])),
        large=('l large', (192, [2, 2, 18, 2], [6, 12, 24, 48])),
        huge=('h huge', (352, [2, 2, 18, 2], [11, 22, 44, 88])),
    )

    def __init__(
        self,
        arch: str | dict = 'base',
        mlp_ratio: float = 4,
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 4,
        in_channels: int = 3,
        window_size: Sequence[int] = (14, 14, 14, 7),
        qkv_bias: bool = True,
        patch_cfg: dict | None = None,
        norm_cfg: dict = LAYER_NORM,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        use_checkpoint: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch_settings = pick_arch(arch, self.arch_zoo, optional='window_size')
        self.embed_dims = self.arch_settings['embed_dims']
        self.depths = self.arch_settings['depths']
        self.num_layers = len(self.depths)
        embed = dict(
            in_channels=in_channels,
            input_size=img_size,
            embed_dims=self.embed_dims,
            kernel_size=patch_size,
            stride=patch_size,
            norm_cfg=LAYER_NORM,
        )
        check_arguments(PatchEmbed, patch_cfg or {}, 'patch_cfg', [*embed])
        self.patch_embed = PatchEmbed(**{**embed, **(patch_cfg or {})})
        self.patch_resolution = self.patch_embed.init_out_size
        rates = np.linspace(0, drop_path_rate, sum(self.depths)).tolist()
        self.layers = ModuleList()
        for i, depth in enumerate(self.depths):
            layer = MixMIMLayer(
                self.embed_dims * 2**i,
                [side // 2**i for side in self.patch_resolution],
                depth,
                rates[:depth],
                norm_cfg,
                downsample=i < self.num_layers - 1,
                use_checkpoint=use_checkpoint,
                num_heads=self.arch_settings['num_heads'][i],
                window_size=window_size[i],
                mlp_ratio=mlp_ratio,
                qkv_bias=qkv_bias,
                proj_drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
            )
            self.layers.append(layer)
            rates = rates[depth:]
        self.num_features = self.embed_dims * 2 ** (self.num_layers - 1)
        self.drop_after_pos = nn.Dropout(p=drop_rate)
        length = self.patch_resolution[0] * self.patch_resolution[1]
        self.absolute_pos_embed = nn.Parameter(
            torch.zeros(1, length, self.embed_dims), requires_grad=False
        )
        self.norm = build_norm_layer(norm_cfg, self.num_features)[1]

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of the output."""
        return (FeatureSpec(self.num_features),)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The mean of the last tokens."""
        given = tuple(x.shape[2:])
        x, size = self.patch_embed(x)
        if size != self.patch_resolution:
            raise DataError(
                f'{type(self).__name__} was built for images of '
                f'{self.patch_embed.init_input_size} pixels, got {given}; resize '
                'them, or set model.backbone.img_size'
            )
        x = self.drop_after_pos(x + self.absolute_pos_embed)
        for layer in self.layers:
            x = layer(x)
        return (self.norm(x).mean(dim=1),)

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """How deep a parameter lies, as in :class:`VisionTransformer`.

        Every block is one layer; a merging belongs to the block before it. The norm
        at the end and a neck come before the last depth, which is the head's.
        """
        num_depths = sum(self.depths) + 2
        if not param_name.startswith(prefix):
            return num_depths - (2 if param_name.startswith('neck') else 1), num_depths
        parts = param_name.removeprefix(prefix).split('.')
        if parts[0] in ('patch_embed', 'absolute_pos_embed'):
            return 0, num_depths
        if parts[0] != 'layers':
            return num_depths - 2, num_depths
        stage = int(parts[1])
        if parts[2] == 'downsample':
            return sum(self.depths[: stage + 1]), num_depths
        return sum(self.depths[:stage]) + int(parts[3]) + 1, num_depths
