"""A vision transformer with a second token, which learns from a teacher."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...registry import MODELS
from .vision_transformer import VisionTransformer

__all__ = ['DistilledVisionTransformer']


@MODELS.register_module()
class DistilledVisionTransformer(VisionTransformer):
    """A :class:`VisionTransformer` with a class token and a distillation token.

    Paper: Training data-efficient image transformers & distillation through
    attention, ICML 2021, https://arxiv.org/abs/2012.12877

    Args:
        arch: As in :class:`VisionTransformer`.
        kwargs: Arguments of :class:`VisionTransformer`, but ``with_cls_token``.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one entry per index; with ``out_type='cls_token'`` a tuple of
            both tokens, ``(B, D)`` each.

    Example:
        >>> model = MODELS.build(
        ...     dict(type='DistilledVisionTransformer', arch='deit-tiny'))
        >>> [token.shape for token in model(torch.zeros(1, 3, 224, 224))[0]]
        [torch.Size([1, 192]), torch.Size([1, 192])]
    """

    num_extra_tokens = 2

    def __init__(self, arch: str | dict = 'deit-base', **kwargs: Any) -> None:
        super().__init__(arch, with_cls_token=True, **kwargs)
        self.dist_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self._freeze_stages()

    def init_weights(self) -> None:
        """As :class:`VisionTransformer`; a truncated normal for the second token."""
        super().init_weights()
        if not self.is_pretrained:
            trunc_normal_(self.dist_token, std=0.02)

    def extra_tokens(self) -> list[Tensor]:
        """The class token and the distillation token."""
        tokens = super().extra_tokens()
        return [*tokens, self.dist_token] if hasattr(self, 'dist_token') else tokens

    def _format_output(self, x: Tensor, patch_resolution: tuple[int, int]) -> Any:
        if self.out_type == 'cls_token':
            return x[:, 0], x[:, 1]
        return super()._format_output(x, patch_resolution)
