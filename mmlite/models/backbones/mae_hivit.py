"""The HiViT of MAE.

Papers: HiViT: A Simpler and More Efficient Design of Hierarchical Vision
Transformer, ICLR 2023, https://arxiv.org/abs/2205.14949; Masked Autoencoders Are
Scalable Vision Learners, CVPR 2022, https://arxiv.org/abs/2111.06377
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...ops import num_kept, random_keep
from ...registry import MODELS
from ..layers import build_2d_sincos_position_embedding
from .hivit import HiViT

__all__ = ['MAEHiViT']

LAYER_NORM = dict(type='LN', eps=1e-6)


@MODELS.register_module()
class MAEHiViT(HiViT):
    """A :class:`HiViT` that sees only some of the patches.

    Args:
        arch: As in :class:`HiViT`.
        norm_cfg: Config of the norms.
        mask_ratio: Share of the patches that is left out; at least one is kept.
        kwargs: Arguments of :class:`HiViT`.

    Override:
        masking_id: draws which patches are kept.

    Shape:
        x: ``(B, in_chans, H, W)``.
        returns: with ``mask=True`` the tokens of what is seen ``(B, kept, D)``; the
            mask ``(B, L)``, 1 where a patch is left out; and where each patch stands
            among the kept and then the others ``(B, L)``. With ``mask=None`` what
            :class:`HiViT` gives.

    Raises:
        ValueError: if mask_ratio is not between 0 and 1.

    Example:
        >>> import torch
        >>> arch = dict(embed_dims=32, depths=[1, 1, 2], num_heads=2)
        >>> model = MODELS.build(dict(type='MAEHiViT', arch=arch, img_size=64))
        >>> tokens, mask, ids_restore = model(torch.zeros(1, 3, 64, 64))
        >>> tokens.shape, int(mask.sum())
        (torch.Size([1, 4, 32]), 12)
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        norm_cfg: dict = LAYER_NORM,
        mask_ratio: float = 0.75,
        **kwargs: Any,
    ) -> None:
        super().__init__(arch, norm_cfg=norm_cfg, **kwargs)
        self.num_patches = self.patch_embed.num_patches
        num_kept(self.num_patches, mask_ratio)
        self.mask_ratio = mask_ratio
        if self.pos_embed is not None:
            self.pos_embed.requires_grad_(False)

    def init_weights(self) -> None:
        """Fixed positions, and the embedding as if it were a linear layer."""
        super().init_weights()
        if self.is_pretrained:
            return
        if self.pos_embed is not None:
            table = build_2d_sincos_position_embedding(
                self.patch_resolution, self.embed_dims
            )
            self.pos_embed.data.copy_(table)
        nn.init.xavier_uniform_(self.patch_embed.proj.weight.data.flatten(1))

    def masking_id(
        self, batch_size: int, mask_ratio: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw which patches are kept.

        Returns:
            Their numbers ``(B, kept)``; where each patch stands among the kept and
            then the others ``(B, L)``; and the mask ``(B, L)``.
        """
        device = self.patch_embed.proj.weight.device
        return random_keep(batch_size, self.num_patches, mask_ratio, device)

    def forward(self, x: Tensor, mask: bool | None = True) -> Any:
        """The tokens of a masked image, or the features of a whole one."""
        if not mask:
            return super().forward(x)
        size = self.patch_embed.grid(x.shape[2:])
        keep, restore, hidden = self.masking_id(len(x), self.mask_ratio)
        *_, seen = self.encode_seen(self.patch_embed(x), size, keep)
        return seen, hidden, restore
