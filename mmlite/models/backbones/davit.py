"""DaViT.

Paper: DaViT: Dual Attention Vision Transformers, ECCV 2022,
https://arxiv.org/abs/2204.03645
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import nn

from ...registry import MODELS
from .archs import zoo
from .davit_blocks import DaViTBlockSequence
from .swin_transformer import SwinTransformer

__all__ = ['DaViT']

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')


@MODELS.register_module()
class DaViT(SwinTransformer):
    """A pyramid of transformers that attend within windows and among channels.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, ``'huge'``,
            ``'giant'``, or a dict with the keys ``embed_dims``, ``depths`` and
            ``num_heads``.
        patch_size: Stride of the first convolution, in pixels.
        ffn_ratio: Hidden width of the feed-forward networks over that of the
            tokens.
        qkv_bias: Whether queries, keys and values have a bias.
        kwargs: Arguments of :class:`SwinTransformer`, but those of positions:
            ``in_channels``, ``window_size``, ``drop_path_rate``,
            ``out_after_downsample``, ``pad_small_map``, ``norm_cfg``,
            ``stage_cfgs``, ``frozen_stages``, ``norm_eval``, ``out_indices``,
            ``with_cp``, ``init_cfg``.

    Shape:
        As in :class:`SwinTransformer`.

    Example:
        >>> model = MODELS.build(dict(type='DaViT', arch='tiny'))
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 768, 7, 7])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims depths num_heads',
        tiny=('t tiny', (96, [1, 1, 3, 1], [3, 6, 12, 24])),
        small=('s small', (96, [1, 1, 9, 1], [3, 6, 12, 24])),
        base=('b base', (128, [1, 1, 9, 1], [4, 8, 16, 32])),
        large=('l large', (192, [1, 1, 9, 1], [6, 12, 24, 48])),
        huge=('h huge', (256, [1, 1, 9, 1], [8, 16, 32, 64])),
        giant=('g giant', (384, [1, 1, 12, 3], [12, 24, 48, 96])),
    )
    stage_type: ClassVar[type[nn.Module]] = DaViTBlockSequence

    def __init__(
        self,
        arch: str | dict = 't',
        patch_size: int | Sequence[int] = 4,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        self.ffn_ratio = ffn_ratio
        self.qkv_bias = qkv_bias
        super().__init__(
            arch,
            patch_size=patch_size,
            use_abs_pos_embed=False,
            patch_cfg=dict(kernel_size=7, padding='same'),
            **kwargs,
        )

    def _stage_args(self, i: int) -> dict[str, Any]:
        own = dict(ffn_ratio=self.ffn_ratio, qkv_bias=self.qkv_bias)
        return super()._stage_args(i) | own
