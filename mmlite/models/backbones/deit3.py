"""The vision transformer of DeiT III."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from ...registry import MODELS
from ..layers import TransformerEncoderLayer
from .archs import with_defaults, zoo
from .vision_transformer import ARCH_KEYS, VisionTransformer

__all__ = ['DeiT3']

GELU = dict(type='GELU')


class DeiT3TransformerEncoderLayer(TransformerEncoderLayer):
    """A layer that scales both branches, and has one norm before both.

    As in mmpretrain, ``ln1`` stands before the feed-forward network too;
    ``ln2`` has its place in a checkpoint and no effect.

    Args:
        embed_dims: Width of the tokens.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        use_layer_scale: Whether both branches have a ``LayerScale``.
        kwargs: Arguments of :class:`TransformerEncoderLayer`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        use_layer_scale: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            embed_dims,
            num_heads,
            feedforward_channels,
            layer_scale_init_value=1e-5 if use_layer_scale else 0.0,
            **kwargs,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attention among the tokens, then a network on each."""
        x = x + self.attn(self.ln1(x))
        return self.ffn(self.ln1(x), identity=x)


@MODELS.register_module()
class DeiT3(VisionTransformer):
    """A vision transformer with scaled branches, and no position for the class token.

    Paper: DeiT III: Revenge of the ViT, ECCV 2022,
    https://arxiv.org/abs/2204.07118

    Args:
        arch: ``'small'``, ``'medium'``, ``'base'``, ``'large'``, ``'huge'``, or a
            dict as in :class:`VisionTransformer`.
        use_layer_scale: Whether every branch has a ``LayerScale``.
        layer_cfgs: Further arguments of a layer, or a list with one dict each.
        kwargs: Arguments of :class:`VisionTransformer`.

    Shape:
        As in :class:`VisionTransformer`.

    Example:
        >>> model = MODELS.build(dict(type='DeiT3', arch='small', img_size=64))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 384])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        ARCH_KEYS,
        small=('s small', (384, 12, 6, 1536)),
        medium=('m medium', (512, 12, 8, 2048)),
        base=('b base', (768, 12, 12, 3072)),
        large=('l large', (1024, 24, 16, 4096)),
        huge=('h huge', (1280, 32, 16, 5120)),
    )
    extra_have_positions = False
    layer_type: ClassVar[type[nn.Module]] = DeiT3TransformerEncoderLayer

    def __init__(
        self,
        arch: str | dict = 'base',
        use_layer_scale: bool = True,
        layer_cfgs: dict | Sequence[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        cfgs = with_defaults(layer_cfgs, use_layer_scale=use_layer_scale)
        super().__init__(arch, layer_cfgs=cfgs, **kwargs)

    def _make_layers(self, common: dict[str, Any], *args: Any) -> nn.ModuleList:
        common.pop('layer_scale_init_value')
        return super()._make_layers(common, *args)
