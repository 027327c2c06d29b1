"""The transformer of MixMIM while it is pre-trained.

Paper: MixMIM: Mixed and Masked Image Modeling for Efficient Visual Representation
Learning, CVPR 2023, https://arxiv.org/abs/2205.13137
"""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import build_2d_sincos_position_embedding
from .mixmim import MixMIMTransformer

__all__ = ['MixMIMPretrainTransformer']


@MODELS.register_module()
class MixMIMPretrainTransformer(MixMIMTransformer):
    """A :class:`MixMIMTransformer` that sees two images in one.

    The other of each image is the one at the mirrored place of the batch.

    Args:
        mask_ratio: Share of the tokens that is taken from the other image.
        range_mask_ratio: By how much the drawn share may exceed ``mask_ratio``.
        kwargs: Arguments of :class:`MixMIMTransformer`.

    Override:
        random_masking: draws what is mixed.

    Shape:
        x: ``(B, in_channels, H, W)`` with ``img_size``.
        returns: with ``mask=True`` the last tokens ``(B, L, D)``, and of which image
            they are ``(1, L, 1)``, 1 for the other one; with ``mask=None`` what
            :class:`MixMIMTransformer` gives.

    Example:
        >>> arch = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
        >>> model = MODELS.build(dict(
        ...     type='MixMIMPretrainTransformer', arch=arch, img_size=64,
        ...     window_size=[4, 4, 4, 2]))
        >>> tokens, mask = model(torch.zeros(2, 3, 64, 64))
        >>> tokens.shape, mask.shape
        (torch.Size([2, 4, 64]), torch.Size([1, 4, 1]))
    """

    def __init__(
        self, mask_ratio: float = 0.5, range_mask_ratio: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.mask_ratio = mask_ratio
        self.range_mask_ratio = range_mask_ratio

    def init_weights(self) -> None:
        """Sines and cosines for the positions, Xavier's for linear layers."""
        super().init_weights()
        if self.is_pretrained:
            return
        table = build_2d_sincos_position_embedding(
            self.patch_resolution, self.embed_dims
        )
        self.absolute_pos_embed.data.copy_(table)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def random_masking(self, x: Tensor, mask_ratio: float = 0.5) -> tuple[Tensor, ...]:
        """Draw what is mixed, the same for all images.

        Args:
            x: Images, ``(B, C, H, W)``.
            mask_ratio: Share that is taken from the other image.

        Returns:
            The mask for the tokens of every stage, ``(1, L, 1)`` each.
        """
        rows, columns = (
            side >> (self.num_layers - 1) for side in self.patch_resolution
        )
        length = rows * columns
        ratio = mask_ratio + random.uniform(0.0, self.range_mask_ratio)
        order = torch.rand(1, length, device=x.device).argsort(dim=1)
        mask = torch.zeros(1, length, device=x.device)
        mask = mask.scatter(1, order[:, : int(length * ratio + 1e-6)], 1.0)
        mask = mask.view(1, rows, columns)
        masks = []
        for stage in range(self.num_layers):
            times = 2 ** (self.num_layers - 1 - stage)
            larger = mask.repeat_interleave(times, 1).repeat_interleave(times, 2)
            masks.append(larger.flatten(1)[..., None])
        return tuple(masks)

    def forward(self, x: Tensor, mask: bool | None = True) -> Any:
        """The tokens of mixed images, or the features of whole ones."""
        if not mask:
            return super().forward(x)
        masks = self.random_masking(x, self.mask_ratio)
        x, _ = self.patch_embed(x)
        x = torch.where(masks[0].bool(), x.flip(0), x)
        x = self.drop_after_pos(x + self.absolute_pos_embed)
        for layer, apart in zip(self.layers, masks, strict=True):
            x = layer(x, attn_mask=apart)
        return self.norm(x), masks[-1]
