"""The pyramid and the decoder of iTPN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from ...errors import check_choice
from ...ops import gather_tokens, square
from ...registry import MODELS
from ..layers import (
    BlockWithRPE,
    TransformerEncoderLayer,
    build_2d_sincos_position_embedding,
    build_norm_layer,
)

__all__ = ['iTPNPretrainDecoder']

LAYER_NORM = dict(type='LN', eps=1e-6)


class PatchSplit(nn.Module):
    """Turn every token of a patch into 2 x 2.

    Args:
        dim: Width of the tokens.
        fpn_dim: Width of the new tokens.
        norm_cfg: Config of the norm.

    Shape:
        x: ``(B, L, H, W, dim)``; returns ``(B, L, 2 * H, 2 * W, fpn_dim)``.
    """

    def __init__(self, dim: int, fpn_dim: int, norm_cfg: dict) -> None:
        super().__init__()
        self.norm = build_norm_layer(norm_cfg, dim)[1]
        self.reduction = nn.Linear(dim, fpn_dim * 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The finer tokens."""
        x = self.reduction(self.norm(x)).unflatten(4, (2, 2, -1))
        return x.permute(0, 1, 2, 4, 3, 5, 6).flatten(4, 5).flatten(2, 3)


@MODELS.register_module()
class iTPNPretrainDecoder(BaseModule):  # noqa: N801 (mmpretrain's name)
    """A pyramid over three levels of tokens, and what predicts from their sum.

    Paper: Integrally Pre-Trained Transformer Pyramid Networks, CVPR 2023,
    https://arxiv.org/abs/2211.12735

    Args:
        num_patches: Number of patches of an image, which is square.
        patch_size: Edge of a patch, in pixels.
        in_chans: Channels of the image.
        embed_dim: Width of the last tokens of the backbone.
        fpn_dim: Width of the pyramid.
        fpn_depth: Blocks after every refinement.
        decoder_embed_dim: Width of the tokens of the decoder.
        decoder_depth: Layers of the decoder, for pixels.
        decoder_num_heads: Number of attention heads of each layer.
        mlp_ratio: Hidden width of the feed-forward networks over that of tokens.
        norm_cfg: Config of the norms.
        reconstruction_type: ``'pixel'``, or ``'clip'`` for features, which has no
            decoder.
        num_outs: Levels of the pyramid, 2 or 3.
        qkv_bias: Without effect, as are ``qk_scale`` and ``attn_drop_rate``: the
            pyramid has no attention. They stand in configs of mmpretrain.
        qk_scale: See ``qkv_bias``.
        drop_rate: Dropout in the feed-forward networks of the pyramid, a fraction.
        attn_drop_rate: See ``qkv_bias``.
        predict_feature_dim: Width of the output; None is the number of values in a
            patch.
        init_cfg: Config of the initialisation.

    Shape:
        x: what the backbone gives: ``(B, kept, 4, 4, embed_dim / 4)``,
            ``(B, kept, 2, 2, embed_dim / 2)``, ``(B, kept, embed_dim)``.
        ids_restore: for pixels, ``(B, L)``: where each patch stands among the kept
            and then the others.
        returns: ``(B, L, predict_feature_dim)`` for pixels, ``(B, L, embed_dim)``
            for features.

    Raises:
        ValueError: if reconstruction_type or num_outs is out of range.

    Example:
        >>> decode = iTPNPretrainDecoder(
        ...     num_patches=4, patch_size=2, embed_dim=16, fpn_dim=8, fpn_depth=1,
        ...     decoder_embed_dim=16, decoder_depth=1, decoder_num_heads=2)
        >>> tokens = [torch.zeros(1, 1, 4, 4, 4), torch.zeros(1, 1, 2, 2, 8),
        ...           torch.zeros(1, 1, 16)]
        >>> decode(tokens, torch.tensor([[0, 1, 2, 3]])).shape
        torch.Size([1, 4, 12])
    """

    promise: ClassVar[str] = 'PretrainNeck'

    def __init__(
        self,
        num_patches: int = 196,
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 512,
        fpn_dim: int = 256,
        fpn_depth: int = 2,
        decoder_embed_dim: int = 512,
        decoder_depth: int = 6,
        decoder_num_heads: int = 16,
        mlp_ratio: float = 4,
        norm_cfg: dict = LAYER_NORM,
        reconstruction_type: Literal['pixel', 'clip'] = 'pixel',
        num_outs: int = 3,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        predict_feature_dim: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice(('pixel', 'clip'), reconstruction_type=reconstruction_type)
        check_choice((2, 3), num_outs=num_outs)
        self.grid = square(num_patches)
        self.reconstruction_type = reconstruction_type
        self.num_outs = num_outs
        block = dict(
            dim=fpn_dim,
            mlp_ratio=mlp_ratio,
            drop=drop_rate,
            rpe=False,
            norm_cfg=norm_cfg,
        )
        self._make_pyramid(embed_dim, fpn_dim, fpn_depth, norm_cfg, block)
        self.decoder_embed = ModuleList(
            nn.Sequential(
                nn.LayerNorm(fpn_dim), nn.Linear(fpn_dim, decoder_embed_dim // 4**level)
            )
            for level in range(num_outs)
        )
        if reconstruction_type == 'clip':
            self.norm = build_norm_layer(norm_cfg, embed_dim)[1]
            return
        width = decoder_embed_dim
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        positions = torch.zeros(1, num_patches, width)
        self.decoder_pos_embed = nn.Parameter(positions, requires_grad=False)
        self.decoder_blocks = ModuleList(
            TransformerEncoderLayer(
                width, decoder_num_heads, int(mlp_ratio * width), norm_cfg=norm_cfg
            )
            for _ in range(decoder_depth)
        )
        name, norm = build_norm_layer(norm_cfg, width, postfix=1)
        self.decoder_norm_name = name
        self.add_module(name, norm)
        if predict_feature_dim is None:
            predict_feature_dim = patch_size**2 * in_chans
        self.decoder_pred = nn.Linear(width, predict_feature_dim)

    def _make_pyramid(
        self, embed_dim: int, fpn_dim: int, fpn_depth: int, norm_cfg: dict, block: dict
    ) -> None:
        self.align_dim_16tofpn = None
        if embed_dim != fpn_dim:
            self.align_dim_16tofpn = nn.Linear(embed_dim, fpn_dim)
        self.fpn_modules = ModuleList(BlockWithRPE(0, **block) for _ in range(2))
        self.align_dim_16to8 = nn.Linear(embed_dim // 2, fpn_dim, bias=False)
        self.split_16to8 = PatchSplit(embed_dim, fpn_dim, norm_cfg)
        self.block_16to8 = nn.Sequential(
            *(BlockWithRPE(0, **block) for _ in range(fpn_depth))
        )
        if self.num_outs > 2:
            self.align_dim_8to4 = nn.Linear(embed_dim // 4, fpn_dim, bias=False)
            self.split_8to4 = PatchSplit(fpn_dim, fpn_dim, norm_cfg)
            self.block_8to4 = nn.Sequential(
                *(BlockWithRPE(0, **block) for _ in range(fpn_depth))
            )
            self.fpn_modules.append(BlockWithRPE(0, **block))

    @property
    def decoder_norm(self) -> nn.Module:
        """The norm after the last layer of the decoder."""
        return getattr(self, self.decoder_norm_name)

    def init_weights(self) -> None:
        """Sines and cosines for positions, or branches that start small."""
        super().init_weights()
        if self.reconstruction_type == 'pixel':
            table = build_2d_sincos_position_embedding(
                self.grid, self.decoder_pos_embed.shape[-1]
            )
            self.decoder_pos_embed.data.copy_(table)
            nn.init.normal_(self.mask_token, std=0.02)
            return
        with torch.no_grad():
            for depth, block in enumerate(self.fpn_modules, 1):
                block.mlp.fc2.weight.div_(math.sqrt(2.0 * depth))

    def forward(self, x: Sequence[Tensor], ids_restore: Tensor | None = None) -> Tensor:
        """What is predicted of every patch."""
        levels = [
            embed(block(level)).flatten(2)
            for level, block, embed in zip(
                self.pyramid(x), self.fpn_modules, self.decoder_embed, strict=True
            )
        ]
        if self.reconstruction_type == 'clip':
            return self.norm(sum(levels))
        x = sum(self._restore(level, ids_restore) for level in levels)
        x = x + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_pred(self.decoder_norm(x))

    def pyramid(self, x: Sequence[Tensor]) -> list[Tensor]:
        """The levels, from one token a patch to the finest."""
        fine, middle, last = x
        last = last[:, :, None, None]
        align = self.align_dim_16tofpn
        outs = [last if align is None else align(last)]
        up = self.split_16to8(last) + self.align_dim_16to8(middle)
        outs.append(self.block_16to8(up))
        if self.num_outs > 2:
            up = self.split_8to4(outs[-1]) + self.align_dim_8to4(fine)
            outs.append(self.block_8to4(up))
        return outs

    def _restore(self, tokens: Tensor, ids_restore: Tensor) -> Tensor:
        """All patches in their order, with the mask token for those left out."""
        count = ids_restore.shape[1] - tokens.shape[1]
        hidden = self.mask_token.expand(len(tokens), count, -1).to(tokens.dtype)
        return gather_tokens(torch.cat((tokens, hidden), dim=1), ids_restore)
