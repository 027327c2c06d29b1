"""The image encoder of Segment Anything.

Paper: Segment Anything, ICCV 2023, https://arxiv.org/abs/2304.02643
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    FFN,
    LayerNorm2d,
    PatchEmbed,
    build_norm_layer,
    check_arguments,
    decomposed_position_bias,
    pad_to_windows,
    resize_pos_embed,
    resize_rel_pos,
    split_heads,
    window_partition,
    window_reverse,
)
from .archs import one_each, pick_arch, zoo
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    freeze,
    layer_depth,
)
from .token_outputs import check_out_type

__all__ = ['ViTSAM']

LAYER_NORM = dict(type='LN', eps=1e-6)
GELU = dict(type='GELU')
OUT_TYPES = ('raw', 'featmap', 'avg_featmap')


class SAMAttention(nn.Module):
    """Self-attention with relative positions along rows and columns.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        use_rel_pos: Whether there are relative positions.
        input_size: Rows and columns of tokens that they are made for.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        qkv_bias: bool = True,
        use_rel_pos: bool = False,
        input_size: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.use_rel_pos = use_rel_pos
        if use_rel_pos:
            width = embed_dims // num_heads
            rows, columns = input_size
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * rows - 1, width))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * columns - 1, width))

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        """Attention among the tokens of a map of ``size``."""
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        bias = None
        if self.use_rel_pos:
            bias = decomposed_position_bias(
                q, self.rel_pos_h, self.rel_pos_w, size, size
            )
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.proj(out.transpose(1, 2).flatten(2))

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        for name in ('rel_pos_h', 'rel_pos_w') if self.use_rel_pos else ():
            loaded, own = state_dict.get(prefix + name), getattr(self, name)
            if loaded is not None and len(loaded) != len(own):
                state_dict[prefix + name] = resize_rel_pos(loaded, len(own))
                print_log(
                    f'{prefix}{name} is resized from {tuple(loaded.shape)} to '
                    f'{tuple(own.shape)}',
                    logger='current',
                )
        super()._load_from_state_dict(state_dict, prefix, *args)


class SAMEncoderLayer(BaseModule):
    """Attention, of the whole map or within windows, and a feed-forward network.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        drop_rate: Dropout of the feed-forward network, a fraction.
        drop_path_rate: Rate of stochastic depth of the feed-forward network, a
            fraction.
        num_fcs: Linear layers of the feed-forward network.
        qkv_bias: Whether queries, keys and values have a bias.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norms.
        use_rel_pos: Whether the attention knows relative positions.
        window_size: Rows and columns of a window; 0 attends to the whole map.
        input_size: Rows and columns of the map.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, H, W, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
        use_rel_pos: bool = False,
        window_size: int = 0,
        input_size: Sequence[int] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.window_size = window_size
        self.ln1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = SAMAttention(
            embed_dims,
            num_heads,
            qkv_bias,
            use_rel_pos,
            to_2tuple(window_size) if window_size else input_size,
        )
        self.ln2 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            dropout_layer=dict(type='DropPath', drop_prob=drop_path_rate),
            act_cfg=act_cfg,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attention among the tokens, then a network on each."""
        x = x + self._attend(self.ln1(x))
        return self.ffn(self.ln2(x), identity=x)

    def _attend(self, x: Tensor) -> Tensor:
        height, width = x.shape[1:3]
        window = self.window_size
        if not window:
            out = self.attn(x.flatten(1, 2), (height, width))
            return out.unflatten(1, (height, width))
        padded = pad_to_windows(x, window)
        out = self.attn(window_partition(padded, window), (window, window))
        out = window_reverse(out, padded.shape[1:3], window)
        return out[:, :height, :width]


@MODELS.register_module()
class ViTSAM(BaseBackbone):
    """A vision transformer that attends within windows in all but a few layers.

    An image of another size than ``img_size`` is accepted; positions are
    interpolated, also those of a checkpoint.

    Args:
        arch: ``'base'``, ``'large'``, ``'huge'``, or a dict with the keys
            ``embed_dims``, ``num_layers``, ``num_heads``,
            ``feedforward_channels`` and ``global_attn_indexes``.
        img_size: Size of the image in pixels, for which positions are made; images of
            other sizes are accepted.
        patch_size: Edge of a patch, in pixels.
        in_channels: Channels of the image.
        out_channels: Channels of the outputs; 0 keeps the width of the tokens.
        out_indices: Which layers are returned; negative ones are counted from the end.
        out_type: ``'raw'`` and ``'featmap'`` are maps, ``'avg_featmap'`` their
            mean.
        drop_rate: Dropout after the embedding and the projections, a fraction.
        drop_path_rate: Rate of stochastic depth of the last layer, a fraction; it grows
            linearly from 0 in the first.
        qkv_bias: Whether queries, keys and values have a bias.
        use_abs_pos: Whether there is a position embedding.
        use_rel_pos: Whether the attentions know relative positions.
        window_size: Number of rows, and of columns, of a window, in patches.
        norm_cfg: Config of the norms.
        frozen_stages: How many layers keep their weights, and the embedding with
            them; nothing is frozen if it is 0 or -1.
        interpolate_mode: How the position embedding is interpolated.
        patch_cfg: Further arguments of ``PatchEmbed``.
        layer_cfgs: Further arguments of a layer, or a list with one dict each.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one tensor per index, ``(B, out_channels, H / patch_size,
            W / patch_size)``, or ``(B, out_channels)`` for ``'avg_featmap'``.

    Raises:
        ValueError: if arch, out_type, out_indices or frozen_stages is out of
            range.

    Example:
        >>> arch = dict(embed_dims=8, num_layers=2, num_heads=2,
        ...             feedforward_channels=16, global_attn_indexes=[1])
        >>> model = MODELS.build(dict(type='ViTSAM', arch=arch, out_channels=4))
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 4, 14, 14])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims num_layers num_heads feedforward_channels global_attn_indexes',
        base=('b base', (768, 12, 12, 3072, [2, 5, 8, 11])),
        large=('l large', (1024, 24, 16, 4096, [5, 11, 17, 23])),
        huge=('h huge', (1280, 32, 16, 5120, [7, 15, 23, 31])),
    )

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_channels: int = 256,
        out_indices: int | Sequence[int] = -1,
        out_type: Literal['raw', 'featmap', 'avg_featmap'] = 'raw',
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        use_abs_pos: bool = True,
        use_rel_pos: bool = True,
        window_size: int = 14,
        norm_cfg: dict = LAYER_NORM,
        frozen_stages: int = -1,
        interpolate_mode: str = 'bicubic',
        patch_cfg: dict | None = None,
        layer_cfgs: dict | Sequence[dict] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_out_type(out_type, False, OUT_TYPES)
        settings = pick_arch(arch, self.arch_zoo)
        self.arch_settings = dict(settings)
        self.embed_dims = settings['embed_dims']
        self.num_layers = settings.pop('num_layers')
        self.global_attn_indexes = settings.pop('global_attn_indexes')
        self.out_type = out_type
        self.out_channels = out_channels
        self.out_indices = check_out_indices(out_indices, self.num_layers)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_layers)
        self.interpolate_mode = interpolate_mode
        embed = dict(
            in_channels=in_channels,
            input_size=img_size,
            embed_dims=self.embed_dims,
            kernel_size=patch_size,
            stride=patch_size,
        )
        check_arguments(PatchEmbed, patch_cfg or {}, 'patch_cfg', [*embed])
        self.patch_embed = PatchEmbed(**{**embed, **(patch_cfg or {})})
        self.patch_resolution = self.patch_embed.init_out_size
        self.pos_embed = None
        if use_abs_pos:
            shape = (1, *self.patch_resolution, self.embed_dims)
            self.pos_embed = nn.Parameter(torch.zeros(shape))
        self.drop_after_pos = nn.Dropout(p=drop_rate if use_abs_pos else 0.0)
        common = dict(
            settings,
            drop_rate=drop_rate,
            qkv_bias=qkv_bias,
            input_size=self.patch_resolution,
            use_rel_pos=use_rel_pos,
            norm_cfg=norm_cfg,
            window_size=window_size,
            drop_path_rate=drop_path_rate,
        )
        self.layers = self._make_layers(common, layer_cfgs)
        if out_channels > 0:
            self.channel_reduction = nn.Sequential(
                nn.Conv2d(self.embed_dims, out_channels, 1, bias=False),
                LayerNorm2d(out_channels, eps=1e-6),
                nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
                LayerNorm2d(out_channels, eps=1e-6),
            )
        self._freeze_stages()

    def _make_layers(
        self, common: dict[str, Any], layer_cfgs: dict | Sequence[dict] | None
    ) -> ModuleList:
        rates = np.linspace(0, common['drop_path_rate'], self.num_layers).tolist()
        cfgs = one_each(layer_cfgs, self.num_layers, SAMEncoderLayer, [*common])
        layers = ModuleList()
        for i, cfg in enumerate(cfgs):
            common['drop_path_rate'] = rates[i]
            own = dict(window_size=0) if i in self.global_attn_indexes else {}
            layers.append(SAMEncoderLayer(**{**common, **own, **cfg}))
        return layers

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every output, and the stride of maps."""
        stride = self.patch_embed.projection.stride[0]
        if self.out_type == 'avg_featmap':
            stride = None
        width = self.out_channels if self.out_channels > 0 else self.embed_dims
        return (FeatureSpec(width, stride),) * len(self.out_indices)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the position embedding."""
        super().init_weights()
        if self.pos_embed is not None and not self.is_pretrained:
            trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the layers that out_indices names."""
        x, size = self.patch_embed(x)
        if self.pos_embed is not None:
            x = x + self._positions(self.pos_embed, size).flatten(1, 2)
            x = self.drop_after_pos(x)
        x = x.unflatten(1, size)
        outs = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i in self.out_indices:
                outs.append(self._format_output(x.permute(0, 3, 1, 2)))
        return tuple(outs)

    def _positions(self, pos_embed: Tensor, size: tuple[int, int]) -> Tensor:
        flat = pos_embed.flatten(1, 2)
        flat = resize_pos_embed(
            flat, pos_embed.shape[1:3], size, self.interpolate_mode, 0
        )
        return flat.unflatten(1, size)

    def _format_output(self, x: Tensor) -> Tensor:
        if self.out_channels > 0:
            x = self.channel_reduction(x)
        return x.mean(dim=(2, 3)) if self.out_type == 'avg_featmap' else x

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        name = f'{prefix}pos_embed'
        loaded = state_dict.get(name)
        if self.pos_embed is not None and loaded is not None and loaded.ndim == 4:
            state_dict[name] = self._positions(loaded, self.patch_resolution)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _freeze_stages(self) -> None:
        if self.frozen_stages < 1:
            return
        if self.pos_embed is not None:
            self.pos_embed.requires_grad_(False)
        freeze(self.drop_after_pos, self.patch_embed)
        freeze(*self.layers[: self.frozen_stages])
        if self.frozen_stages == self.num_layers and self.out_channels > 0:
            freeze(self.channel_reduction)

    def train(self, mode: bool = True) -> ViTSAM:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        self._freeze_stages()
        return self

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """How deep a parameter lies, as in :class:`VisionTransformer`."""
        first = ('pos_embed', 'patch_embed')
        return layer_depth(param_name, prefix, self.num_layers, first)
