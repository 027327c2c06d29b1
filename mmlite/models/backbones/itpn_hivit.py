"""The backbone of iTPN's pre-training.

Paper: Integrally Pre-Trained Transformer Pyramid Networks, CVPR 2023,
https://arxiv.org/abs/2211.12735
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...errors import check_choice
from ...ops import num_kept, random_keep
from ...registry import MODELS
from ..layers import BlockWithRPE, build_2d_sincos_position_embedding
from .hivit import HiViT

__all__ = ['iTPNHiViT']

LAYER_NORM = dict(type='LN', eps=1e-6)
RECONSTRUCTIONS = ('pixel', 'clip')


@MODELS.register_module()
class iTPNHiViT(HiViT):  # noqa: N801 (mmpretrain's name)
    """A :class:`HiViT` that leaves out patches, or replaces them by a mask token.

    Args:
        arch: As in :class:`HiViT`.
        norm_cfg: Config of the norms.
        mask_ratio: Share of the patches that is left out with ``'pixel'``.
        reconstruction_type: ``'pixel'`` leaves patches out, ``'clip'`` replaces
            those that a mask names.
        kwargs: Arguments of :class:`HiViT`.

    Shape:
        x: ``(B, in_chans, H, W)``.
        mask: with ``'clip'``, ``(B, rows, columns)``, 1 where a patch is replaced;
            ``None`` gives the features of :class:`HiViT`.
        returns: with ``'pixel'`` the tokens before every merging and at the end,
            the mask ``(B, L)``, and where each patch is among them ``(B, L)``;
            with ``'clip'`` the tokens alone.

    Raises:
        ValueError: if reconstruction_type is unknown.

    Example:
        >>> arch = dict(embed_dims=32, depths=[1, 1, 2], num_heads=2)
        >>> model = MODELS.build(dict(type='iTPNHiViT', arch=arch, img_size=64))
        >>> tokens, mask, restore = model(torch.zeros(1, 3, 64, 64))
        >>> [feat.shape[1] for feat in tokens], int(mask.sum())
        ([4, 4, 4], 12)
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        norm_cfg: dict = LAYER_NORM,
        mask_ratio: float = 0.75,
        reconstruction_type: Literal['pixel', 'clip'] = 'pixel',
        **kwargs: Any,
    ) -> None:
        check_choice(RECONSTRUCTIONS, reconstruction_type=reconstruction_type)
        super().__init__(arch, norm_cfg=norm_cfg, **kwargs)
        self.mask_ratio = mask_ratio
        self.reconstruction_type = reconstruction_type
        self.num_patches = self.patch_embed.num_patches
        self.pos_embed.requires_grad_(False)
        num_kept(self.num_patches, mask_ratio)
        if reconstruction_type == 'clip':
            self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))

    def init_weights(self) -> None:
        """As the paper does: fixed positions, or branches that start small."""
        super().init_weights()
        if self.is_pretrained:
            return
        if self.reconstruction_type == 'clip':
            trunc_normal_(self.mask_token, std=0.02)
            self._shrink_branches()
            return
        table = build_2d_sincos_position_embedding(
            self.patch_resolution, self.embed_dims
        )
        self.pos_embed.data.copy_(table)
        nn.init.xavier_uniform_(self.patch_embed.proj.weight.data.flatten(1))

    @torch.no_grad()
    def _shrink_branches(self) -> None:
        for depth, block in enumerate(self.blocks, 1):
            if isinstance(block, BlockWithRPE):
                if block.attn is not None:
                    block.attn.proj.weight.div_(math.sqrt(2.0 * depth))
                block.mlp.fc2.weight.div_(math.sqrt(2.0 * depth))

    def forward(self, x: Tensor, mask: Tensor | bool | None = True) -> Any:
        """The tokens of a masked image, or the features of a whole one."""
        if mask is None:
            return super().forward(x)
        size = self.patch_embed.grid(x.shape[2:])
        patches = self.patch_embed(x)
        if self.reconstruction_type == 'pixel':
            return self._leave_out(patches, size)
        return self._replace(patches, size, mask)

    def _leave_out(self, patches: Tensor, size: tuple[int, int]) -> tuple:
        batch, length = patches.shape[:2]
        ratio = self.mask_ratio
        keep, restore, mask = random_keep(batch, length, ratio, patches.device)
        return self.encode_seen(patches, size, keep), mask, restore

    def _replace(
        self, patches: Tensor, size: tuple[int, int], mask: Tensor
    ) -> tuple[Tensor, ...]:
        *outs, x = self.stem(patches)
        hidden = mask.flatten(1)[..., None].to(x.dtype)
        x = x * (1 - hidden) + self.mask_token * hidden
        (x,) = self.main(self.place(x, size), size, (self.num_main_blocks - 1,))
        return (*outs, x)
