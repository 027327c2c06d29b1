"""The Swin transformer of SimMIM.

Paper: SimMIM: A Simple Framework for Masked Image Modeling, CVPR 2022,
https://arxiv.org/abs/2111.09886
"""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...ops import hide_tokens
from ...registry import MODELS
from .swin_transformer import SwinTransformer

__all__ = ['SimMIMSwinTransformer']


@MODELS.register_module()
class SimMIMSwinTransformer(SwinTransformer):
    """A :class:`SwinTransformer` that sees a mask token where a patch is hidden.

    Args:
        kwargs: Arguments of :class:`SwinTransformer`.

    Shape:
        x: ``(B, in_channels, H, W)``.
        mask: ``(B, rows, columns)``, 1 where a patch is hidden.
        returns: one map per index, as :class:`SwinTransformer` gives.

    Example:
        >>> arch = dict(embed_dims=8, depths=[1, 1], num_heads=[1, 2])
        >>> model = MODELS.build(dict(
        ...     type='SimMIMSwinTransformer',
        ...     arch=arch, img_size=32, window_size=4, out_indices=(1, )))
        >>> model(torch.zeros(1, 3, 32, 32), torch.ones(1, 8, 8))[0].shape
        torch.Size([1, 16, 4, 4])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))

    def init_weights(self) -> None:
        """A truncated normal for linear layers and the mask token."""
        super().init_weights()
        if self.is_pretrained:
            return
        trunc_normal_(self.mask_token, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:
        """The features of a masked image, or of a whole one."""
        if mask is None:
            return super().forward(x)
        patches, size = self.patch_embed(x)
        hidden = hide_tokens(patches, mask, self.mask_token)
        return self.encode(self.place(hidden, size), size)
