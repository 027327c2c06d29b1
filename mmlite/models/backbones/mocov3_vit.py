"""The vision transformer of MoCo v3."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import nn

from ...registry import MODELS
from ..layers import build_2d_sincos_position_embedding, norms_to_eval
from .archs import zoo
from .vision_transformer import ARCH_KEYS, VisionTransformer

__all__ = ['MoCoV3ViT']


@MODELS.register_module()
class MoCoV3ViT(VisionTransformer):
    """A vision transformer with fixed positions, and a fixed patch embedding if asked.

    Paper: An Empirical Study of Training Self-Supervised Vision Transformers, ICCV
    2021, https://arxiv.org/abs/2104.02057

    Args:
        stop_grad_conv1: Whether the patch embedding keeps its random initial weights,
            which makes training stable.
        norm_eval: Whether batch norms, if there are any, keep their statistics in
            training.
        kwargs: Arguments of :class:`VisionTransformer`; ``arch`` may also be
            ``'mocov3-small'``.

    Shape:
        As :class:`VisionTransformer`.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='MoCoV3ViT', arch='mocov3-small', img_size=32, patch_size=16))
        >>> model(torch.zeros(1, 3, 32, 32))[0].shape
        torch.Size([1, 384])
    """

    arch_zoo: ClassVar[dict[str, dict]] = {
        **VisionTransformer.arch_zoo,
        **zoo(ARCH_KEYS, small=('mocov3-s mocov3-small', (384, 12, 12, 1536))),
    }

    def __init__(
        self, stop_grad_conv1: bool = False, norm_eval: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.norm_eval = norm_eval
        self.pos_embed.requires_grad_(False)
        self._fix_positions()
        if stop_grad_conv1:
            self.patch_embed.projection.requires_grad_(False)

    @torch.no_grad()
    def _fix_positions(self) -> None:
        table = build_2d_sincos_position_embedding(
            self.patch_resolution, self.embed_dims, cls_token=self.with_cls_token
        )
        self.pos_embed.copy_(table)

    def init_weights(self) -> None:
        """As the authors do: uniform, queries, keys and values each by themselves."""
        super().init_weights()
        if self.is_pretrained:
            return
        self._fix_positions()
        conv = self.patch_embed.projection
        bound = math.sqrt(6 / (conv.weight[0].numel() + self.embed_dims))
        nn.init.uniform_(conv.weight, -bound, bound)
        nn.init.zeros_(conv.bias)
        for name, module in self.named_modules():
            if not isinstance(module, nn.Linear):
                continue
            rows, columns = module.weight.shape
            rows = rows // 3 if 'qkv' in name else rows
            bound = math.sqrt(6 / (rows + columns))
            nn.init.uniform_(module.weight, -bound, bound)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if self.cls_token is not None:
            nn.init.normal_(self.cls_token, std=1e-6)

    def train(self, mode: bool = True) -> MoCoV3ViT:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        if mode and self.norm_eval:
            norms_to_eval(self)
        return self
