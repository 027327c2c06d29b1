"""The vision transformer of BEiT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from ...registry import MODELS
from ..layers import BEiTTransformerEncoderLayer, RelativePositionBias
from .archs import with_defaults, zoo
from .vision_transformer import ARCH_KEYS, VisionTransformer

__all__ = ['BEiTViT']


@MODELS.register_module()
class BEiTViT(VisionTransformer):
    """A vision transformer whose attention has a bias for the offset of two patches.

    For an image of another size, the table of offsets is interpolated, also that
    of a checkpoint.

    Paper: BEiT: BERT Pre-Training of Image Transformers, ICLR 2022,
    https://arxiv.org/abs/2106.08254

    Args:
        arch: ``'small'``, ``'base'``, ``'large'``, ``'eva-g'``, ``'deit-tiny'``,
            ``'deit-small'``, ``'deit-base'``, or a dict as in
            :class:`VisionTransformer`.
        bias: Whether queries, keys and values have a bias; ``'qv_bias'`` has
            none for the keys.
        final_norm: Whether there is a norm after the last layer.
        out_type: As in :class:`VisionTransformer`.
        use_abs_pos_emb: Whether there is a position embedding.
        use_rel_pos_bias: Whether each layer has a bias for each offset of two patches.
        use_shared_rel_pos_bias: Whether all layers share one instead.
        layer_scale_init_value: Initial value of the factors on every branch; 0 has
            none.
        layer_cfgs: Further arguments of a layer, or a list with one dict each.
        kwargs: Arguments of :class:`VisionTransformer`.

    Shape:
        As in :class:`VisionTransformer`.

    Raises:
        ValueError: if both kinds of bias are asked for.

    Example:
        >>> model = MODELS.build(dict(type='BEiTViT', arch='deit-tiny', img_size=64))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 192])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        ARCH_KEYS,
        small=('s small', (768, 8, 8, 2304)),
        base=('b base', (768, 12, 12, 3072)),
        large=('l large', (1024, 24, 16, 4096)),
        eva_giant=('eva-g eva-giant', (1408, 40, 16, 6144)),
        deit_tiny=('deit-t deit-tiny', (192, 12, 3, 768)),
        deit_small=('deit-s deit-small', (384, 12, 6, 1536)),
        deit_base=('deit-b deit-base', (768, 12, 12, 3072)),
    )
    layer_type: ClassVar[type[nn.Module]] = BEiTTransformerEncoderLayer

    def __init__(
        self,
        arch: str | dict = 'base',
        bias: bool | Literal['qv_bias'] = 'qv_bias',
        final_norm: bool = False,
        out_type: Literal['raw', 'cls_token', 'featmap', 'avg_featmap'] = 'avg_featmap',
        use_abs_pos_emb: bool = False,
        use_rel_pos_bias: bool = True,
        use_shared_rel_pos_bias: bool = False,
        layer_scale_init_value: float = 0.1,
        layer_cfgs: dict | Sequence[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        if use_rel_pos_bias and use_shared_rel_pos_bias:
            raise ValueError(
                'use_rel_pos_bias and use_shared_rel_pos_bias exclude each other; '
                'set one of them to False'
            )
        self.use_rel_pos_bias = use_rel_pos_bias
        self.use_shared_rel_pos_bias = use_shared_rel_pos_bias
        super().__init__(
            arch,
            final_norm=final_norm,
            out_type=out_type,
            layer_scale_init_value=layer_scale_init_value,
            layer_cfgs=with_defaults(layer_cfgs, bias=bias),
            **kwargs,
        )
        if not use_abs_pos_emb:
            self.pos_embed = None

    def _make_layers(self, common: dict[str, Any], *args: Any) -> nn.ModuleList:
        self.rel_pos_bias = None
        if self.use_shared_rel_pos_bias:
            self.rel_pos_bias = RelativePositionBias(
                self.patch_resolution, common['num_heads']
            )
        common.pop('qkv_bias')
        common['window_size'] = self.patch_resolution
        common['use_rel_pos_bias'] = self.use_rel_pos_bias
        return super()._make_layers(common, *args)

    def layer_context(self, patch_resolution: tuple[int, int]) -> dict[str, Any]:
        """The shared bias, and the grid of patches."""
        bias = None
        if self.rel_pos_bias is not None:
            bias = self.rel_pos_bias(patch_resolution)
        return dict(rel_pos_bias=bias, patch_resolution=patch_resolution)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        shared = f'{prefix}rel_pos_bias.relative_position_'
        if self.use_rel_pos_bias and f'{shared}bias_table' in state_dict:
            # Pre-trained with one table for all layers, fine-tuned with one each.
            for kind in ('bias_table', 'index'):
                if (entry := state_dict.pop(shared + kind, None)) is None:
                    continue
                for i in range(self.num_layers):
                    name = f'{prefix}layers.{i}.attn.relative_position_{kind}'
                    state_dict[name] = entry.clone()
        super()._load_from_state_dict(state_dict, prefix, *args)
