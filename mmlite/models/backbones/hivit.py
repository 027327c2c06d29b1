"""HiViT.

Paper: HiViT: A Simpler and More Efficient Design of Hierarchical Vision
Transformer, ICLR 2023, https://arxiv.org/abs/2205.14949
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import ModuleList
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...ops import gather_tokens
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    BlockWithRPE,
    HiViTPatchEmbed,
    PatchMerge,
    fit_pos_embed,
    relative_position_index,
)
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone, check_frozen_stages, freeze

__all__ = ['BlockWithRPE', 'HiViT', 'PatchMerge']

LAYER_NORM = dict(type='LN')


@MODELS.register_module()
class HiViT(BaseBackbone):
    """A vision transformer that begins within patches, without attention there.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, or a dict with the
            keys ``embed_dims``, ``depths`` and ``num_heads``.
        img_size: Size of the image in pixels, for which positions are made; images of
            other sizes are accepted.
        patch_size: Edge of a patch, in pixels.
        inner_patches: Number of rows, and of columns, of tokens in a patch at first.
        in_chans: Channels of the image.
        stem_mlp_ratio: Hidden width of the first feed-forward networks over that
            of the tokens.
        mlp_ratio: The same of the others.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        drop_rate: Dropout after the embedding and the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            linearly from 0 in the first.
        norm_cfg: Config of the norms.
        out_indices: Which of the blocks with attention are returned, counted from 0;
            the last number always stands for the last block.
        ape: Whether there is a position embedding.
        rpe: Whether attention has a bias for each offset of two patches.
        patch_norm: Whether there is a norm after the first convolution.
        frozen_stages: How many blocks keep their weights, and the embedding with
            them; nothing is frozen if it is 0 or -1.
        kernel_size: Edge of the kernel of the first convolution, in pixels; ``None`` is
            its stride.
        pad_size: Padding of the first convolution, in pixels.
        layer_scale_init_value: Initial value of the factors on the branches; 0 has
            none.
        init_cfg: Config of the initialisation.

    Override:
        forward: with :meth:`stem`, :meth:`place` and :meth:`main`, for a network
            that leaves out patches.

    Shape:
        x: ``(B, in_chans, H, W)``.
        returns: one map per index, ``(B, D, H / patch_size, W / patch_size)``.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range, or rpe
            is asked for with an image that is no square.

    Example:
        >>> arch = dict(embed_dims=16, depths=[1, 1, 2], num_heads=2)
        >>> model = MODELS.build(dict(type='HiViT', arch=arch, out_indices=[0, 1]))
        >>> [feat.shape for feat in model(torch.zeros(1, 3, 224, 224))]
        [torch.Size([1, 16, 14, 14]), torch.Size([1, 16, 14, 14])]
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims depths num_heads',
        tiny=('t tiny', (384, [1, 1, 10], 6)),
        small=('s small', (384, [2, 2, 20], 6)),
        base=('b base', (512, [2, 2, 24], 8)),
        large=('l large', (768, [2, 2, 40], 12)),
    )
    num_extra_tokens = 0

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        inner_patches: int = 4,
        in_chans: int = 3,
        stem_mlp_ratio: float = 3.0,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
        out_indices: int | Sequence[int] = (23,),
        ape: bool = True,
        rpe: bool = False,
        patch_norm: bool = True,
        frozen_stages: int = -1,
        kernel_size: int | Sequence[int] | None = None,
        pad_size: int | None = None,
        layer_scale_init_value: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch_settings = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch_settings['embed_dims']
        self.depths = self.arch_settings['depths']
        self.num_main_blocks = self.depths[-1]
        self.out_indices = _indices(out_indices, self.num_main_blocks)
        self.ape, self.rpe = ape, rpe
        self.patch_size = patch_size
        width = self.embed_dims // 2 ** (len(self.depths) - 1)
        self.patch_embed = HiViTPatchEmbed(
            img_size,
            patch_size,
            inner_patches,
            in_chans,
            width,
            norm_cfg if patch_norm else None,
            kernel_size,
            pad_size,
        )
        self.patch_resolution = self.patch_embed.patches_resolution
        self.pos_embed = None
        if ape:
            shape = (1, self.patch_embed.num_patches, self.embed_dims)
            self.pos_embed = nn.Parameter(torch.zeros(shape))
        if rpe:
            if self.patch_resolution[0] != self.patch_resolution[1]:
                raise ValueError(
                    f'rpe needs a square image, got img_size={img_size}; set rpe=False'
                )
            index = relative_position_index(self.patch_resolution)
            self.register_buffer('relative_position_index', index)
        self.pos_drop = nn.Dropout(p=drop_rate)
        common = dict(
            qkv_bias=qkv_bias,
            qk_scale=qk_scale,
            drop=drop_rate,
            attn_drop=attn_drop_rate,
            rpe=rpe,
            norm_cfg=norm_cfg,
            layer_scale_init_value=layer_scale_init_value,
        )
        self._make_blocks(width, common, drop_path_rate, stem_mlp_ratio, mlp_ratio)
        self.frozen_stages = check_frozen_stages(frozen_stages, len(self.blocks))
        self.apply(_init_weights)
        self._freeze_stages()

    def _make_blocks(
        self,
        width: int,
        common: dict[str, Any],
        drop_path_rate: float,
        stem_ratio: float,
        ratio: float,
    ) -> None:
        # A block of the stem is two feed-forward networks.
        counts = [*(2 * depth for depth in self.depths[:-1]), self.depths[-1]]
        rates = iter(np.linspace(0, drop_path_rate, sum(counts)).tolist())
        self.blocks = ModuleList()
        for i, count in enumerate(counts):
            last = i == len(counts) - 1
            for _ in range(count):
                block = BlockWithRPE(
                    self.patch_resolution[0],
                    width,
                    self.arch_settings['num_heads'] if last else 0,
                    ratio if last else stem_ratio,
                    drop_path=next(rates),
                    **common,
                )
                self.blocks.append(block)
            if not last:
                self.blocks.append(PatchMerge(width, common['norm_cfg']))
                width *= 2

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        spec = FeatureSpec(self.embed_dims, self.patch_size)
        return (spec,) * len(self.out_indices)

    def init_weights(self) -> None:
        """A truncated normal for linear layers and positions, then as init_cfg says."""
        if not self.is_pretrained:
            self.apply(_init_weights)
            if self.pos_embed is not None:
                trunc_normal_(self.pos_embed, std=0.02)
        super().init_weights()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the blocks that out_indices names."""
        size = self.patch_embed.grid(x.shape[2:])
        x = self.place(self.stem(self.patch_embed(x))[-1], size)
        outs = self.main(x, size, self.out_indices)
        return tuple(x.transpose(1, 2).unflatten(2, size).contiguous() for x in outs)

    def stem(self, x: Tensor) -> list[Tensor]:
        """What enters every merging, and the tokens ``(B, L, D)`` after the last.

        Args:
            x: Patches, ``(B, L, H, W, D)``; some may be left out.
        """
        outs = []
        for block in self.blocks[: -self.num_main_blocks]:
            if isinstance(block, PatchMerge):
                outs.append(x)
            x = block(x)
        return [*outs, x[..., 0, 0, :]]

    def positions(self, size: Sequence[int], left_out: bool = False) -> Tensor:
        """The position embedding of a grid of patches, ``(1, L, D)``.

        Args:
            size: Rows and columns of the grid.
            left_out: Whether patches are left out. The paper's code then samples
                the embedding anew even for the grid that it is made for.
        """
        if tuple(size) == self.patch_resolution and not left_out:
            return self.pos_embed
        grid = self.pos_embed.transpose(1, 2).unflatten(2, self.patch_resolution)
        # By a factor, as in the paper's code, which differs a little from by size.
        factors = [
            (new + 0.1) / old
            for new, old in zip(size, self.patch_resolution, strict=True)
        ]
        grid = F.interpolate(grid.float(), scale_factor=factors, mode='bicubic')
        return grid.flatten(2).transpose(1, 2).to(self.pos_embed.dtype)

    def place(self, x: Tensor, size: Sequence[int]) -> Tensor:
        """Add the positions to the tokens of a grid of ``size``."""
        if self.pos_embed is not None:
            x = x + self.positions(size)
        return self.pos_drop(x)

    def encode_seen(
        self, patches: Tensor, size: Sequence[int], keep: Tensor
    ) -> tuple[Tensor, ...]:
        """What enters every merging and the last tokens, of some patches alone.

        Args:
            patches: Embedded patches, ``(B, L, H, W, D)``.
            size: Rows and columns of patches.
            keep: The numbers of those that are seen, ``(B, kept)``.
        """
        *outs, x = self.stem(gather_tokens(patches, keep))
        if self.pos_embed is not None:
            x = x + self.positions(size, left_out=True)[0][keep]
        (x,) = self.main(self.pos_drop(x), None, (self.num_main_blocks - 1,))
        return (*outs, x)

    def main(
        self, x: Tensor, size: Sequence[int] | None, out_indices: Sequence[int]
    ) -> list[Tensor]:
        """The tokens after the blocks with attention that ``out_indices`` names."""
        outs = []
        for i, block in enumerate(self.blocks[-self.num_main_blocks :]):
            x = block(x, size)
            if i in out_indices:
                outs.append(x)
        return outs

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        if self.pos_embed is not None:
            fit_pos_embed(
                state_dict,
                f'{prefix}pos_embed',
                self.pos_embed,
                self.patch_resolution,
                num_extra_tokens=0,
            )
        if self.rpe:  # follows from the image size of this model
            name = f'{prefix}relative_position_index'
            state_dict[name] = self.relative_position_index
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _freeze_stages(self) -> None:
        if self.frozen_stages < 1:
            return
        if self.pos_embed is not None:
            self.pos_embed.requires_grad_(False)
        freeze(self.pos_drop, self.patch_embed, *self.blocks[: self.frozen_stages])

    def train(self, mode: bool = True) -> HiViT:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        self._freeze_stages()
        return self

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """How deep a parameter lies, as in :class:`VisionTransformer`.

        Every block and every merging is one layer.
        """
        num_depths = len(self.blocks) + 2
        name = param_name.removeprefix(prefix)
        if param_name.startswith(prefix):
            if name.split('.')[0] in ('pos_embed', 'patch_embed'):
                return 0, num_depths
            if name.startswith('blocks.'):
                return int(name.split('.')[1]) + 1, num_depths
        return num_depths - 1, num_depths


def _indices(given: int | Sequence[int], depth: int) -> tuple[int, ...]:
    given = [given] if isinstance(given, int) else list(given)
    if not given or any(not 0 <= i < depth for i in given[:-1]):
        raise ValueError(
            f'out_indices={given} must be from 0 to {depth - 1}, the blocks with '
            'attention; the last number stands for the last of them'
        )
    return tuple(sorted({*given[:-1], depth - 1}))


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.LayerNorm):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)
