"""Vision transformer.

Paper: An Image is Worth 16x16 Words: Transformers for Image Recognition at
Scale, ICLR 2021, https://arxiv.org/abs/2010.11929
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from mmengine.model import ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    PatchEmbed,
    TransformerEncoderLayer,
    build_norm_layer,
    check_arguments,
    fit_pos_embed,
    resize_pos_embed,
)
from .archs import one_each, pick_arch, zoo
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    freeze,
    layer_depth,
)
from .token_outputs import check_out_type, format_tokens

__all__ = ['VisionTransformer']

LAYER_NORM = dict(type='LN', eps=1e-6)


ARCH_KEYS = 'embed_dims num_layers num_heads feedforward_channels'
# What a learning rate that decays with depth takes for the first layer.
FIRST = (
    'cls_token',
    'dist_token',
    'mask_token',
    'pos_embed',
    'rel_pos_bias',
    'patch_embed',
)


@MODELS.register_module()
class VisionTransformer(BaseBackbone):
    """A transformer over patches of an image.

    An image of another size than ``img_size`` is accepted; the position
    embedding is interpolated, also that of a checkpoint.

    Args:
        arch: ``'small'``, ``'base'``, ``'large'``, ``'huge'``, ``'eva-g'``,
            ``'deit-tiny'``, ``'deit-small'``, ``'deit-base'``,
            ``'dinov2-small'``, ``'dinov2-giant'``, or a dict with the keys
            ``embed_dims``, ``num_layers``, ``num_heads`` and
            ``feedforward_channels``.
        img_size: Size of the image in pixels, for which the position embedding is made;
            images of other sizes are accepted.
        patch_size: Edge of a patch, in pixels.
        in_channels: Channels of the image.
        out_indices: Which layers are returned; negative ones are counted from the end.
        drop_rate: Dropout after the embedding and the projections, a fraction.
        drop_path_rate: Rate of stochastic depth of the last layer, a fraction; it grows
            linearly from 0 in the first.
        qkv_bias: Whether queries, keys and values have a bias.
        norm_cfg: Config of the norms.
        final_norm: Whether there is a norm after the last layer.
        out_type: What is returned of a layer: ``'raw'`` is all tokens,
            ``'cls_token'`` the class token, ``'featmap'`` the others as a
            map, ``'avg_featmap'`` their mean, normalised.
        with_cls_token: Whether there is a class token.
        frozen_stages: How many layers keep their weights, and the embedding
            with them; the norms at the end too if it is all layers. Nothing is
            frozen if it is 0 or -1.
        interpolate_mode: How the position embedding is interpolated.
        layer_scale_init_value: Initial value of a ``LayerScale`` on every branch; 0 has
            none.
        patch_cfg: Further arguments of ``PatchEmbed``.
        layer_cfgs: Further arguments of ``TransformerEncoderLayer``, or a list
            with one dict for each layer.
        pre_norm: Whether there is a norm before the first layer, as in CLIP;
            the patch embedding then has no bias.
        init_cfg: Config of the initialisation.

    Override:
        num_extra_tokens: how many tokens have no place in the image.
        extra_have_positions: whether these have a position embedding too.
        extra_tokens: the tokens themselves.
        layer_type: class of the layers.
        layer_context: what every layer is given beside its tokens.
        arch_zoo: settings by name.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one tensor per index, ``(B, L, D)`` for ``'raw'``,
            ``(B, D)`` for ``'cls_token'`` and ``'avg_featmap'``,
            ``(B, D, H / patch_size, W / patch_size)`` for ``'featmap'``.

    Raises:
        ValueError: if arch, out_type, out_indices or frozen_stages is out of
            range, or the class token is to be returned and there is none.

    Example:
        >>> model = MODELS.build(
        ...     dict(type='VisionTransformer', arch='deit-tiny', out_type='featmap'))
        >>> model(torch.zeros(1, 3, 64, 96))[0].shape
        torch.Size([1, 192, 4, 6])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        ARCH_KEYS,
        small=('s small', (768, 8, 8, 2304)),
        base=('b base', (768, 12, 12, 3072)),
        large=('l large', (1024, 24, 16, 4096)),
        huge=('h huge', (1280, 32, 16, 5120)),
        eva_giant=('eva-g eva-giant', (1408, 40, 16, 6144)),
        deit_tiny=('deit-t deit-tiny', (192, 12, 3, 768)),
        deit_small=('deit-s deit-small dinov2-s dinov2-small', (384, 12, 6, 1536)),
        deit_base=('deit-b deit-base', (768, 12, 12, 3072)),
        dinov2_giant=('dinov2-g dinov2-giant', (1536, 40, 24, 6144)),
    )
    num_extra_tokens = 1
    extra_have_positions = True
    layer_type: ClassVar[type[nn.Module]] = TransformerEncoderLayer

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: dict = LAYER_NORM,
        final_norm: bool = True,
        out_type: Literal['raw', 'cls_token', 'featmap', 'avg_featmap'] = 'cls_token',
        with_cls_token: bool = True,
        frozen_stages: int = -1,
        interpolate_mode: str = 'bicubic',
        layer_scale_init_value: float | Tensor = 0.0,
        patch_cfg: dict | None = None,
        layer_cfgs: dict | Sequence[dict] | None = None,
        pre_norm: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch_settings = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch_settings['embed_dims']
        self.num_layers = self.arch_settings['num_layers']
        self.img_size = to_2tuple(img_size)
        check_out_type(out_type, with_cls_token)
        self.out_type = out_type
        self.interpolate_mode = interpolate_mode
        self.out_indices = check_out_indices(out_indices, self.num_layers)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_layers)

        patch_args = dict(patch_cfg or {})
        check_arguments(PatchEmbed, patch_args, 'patch_cfg')
        self.patch_embed = PatchEmbed(
            **{
                'in_channels': in_channels,
                'input_size': self.img_size,
                'embed_dims': self.embed_dims,
                'kernel_size': patch_size,
                'stride': patch_size,
                'bias': not pre_norm,
                **patch_args,
            }
        )
        self.patch_resolution = self.patch_embed.init_out_size
        self._init_tokens(with_cls_token)
        self.drop_after_pos = nn.Dropout(p=drop_rate)
        common = dict(
            embed_dims=self.embed_dims,
            num_heads=self.arch_settings['num_heads'],
            feedforward_channels=self.arch_settings['feedforward_channels'],
            layer_scale_init_value=layer_scale_init_value,
            drop_rate=drop_rate,
            qkv_bias=qkv_bias,
            norm_cfg=norm_cfg,
        )
        self.layers = self._make_layers(common, layer_cfgs, drop_path_rate)
        # Behind the layers in a checkpoint, as mmpretrain has it.
        self.pre_norm = self._norm(norm_cfg) if pre_norm else nn.Identity()
        self.final_norm = final_norm
        if final_norm:
            self.ln1 = self._norm(norm_cfg)
        if out_type == 'avg_featmap':
            self.ln2 = self._norm(norm_cfg)
        self._freeze_stages()

    def _init_tokens(self, with_cls_token: bool) -> None:
        self.with_cls_token = with_cls_token
        self.cls_token = None
        if with_cls_token:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        else:
            self.num_extra_tokens = 0
        rows, columns = self.patch_resolution
        self.num_placed = self.num_extra_tokens if self.extra_have_positions else 0
        length = rows * columns + self.num_placed
        self.pos_embed = nn.Parameter(torch.zeros(1, length, self.embed_dims))

    def _norm(self, norm_cfg: dict) -> nn.Module:
        return build_norm_layer(norm_cfg, self.embed_dims)[1]

    def _make_layers(
        self,
        common: dict[str, Any],
        layer_cfgs: dict | Sequence[dict] | None,
        drop_path_rate: float,
    ) -> ModuleList:
        rates = np.linspace(0, drop_path_rate, self.num_layers).tolist()
        cfgs = one_each(layer_cfgs, self.num_layers, self.layer_type, [*common])
        return ModuleList(
            self.layer_type(**{**common, 'drop_path_rate': rate, **cfg})
            for rate, cfg in zip(rates, cfgs, strict=True)
        )

    @property
    def norm1(self) -> nn.Module:
        """The norm after the last layer."""
        return self.ln1

    @property
    def norm2(self) -> nn.Module:
        """The norm of the mean of the patches."""
        return self.ln2

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every output, and the stride of feature maps."""
        stride = None
        if self.out_type == 'featmap':
            stride = self.patch_embed.projection.stride[0]
        return (FeatureSpec(self.embed_dims, stride),) * len(self.out_indices)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the position embedding."""
        super().init_weights()
        if not self.is_pretrained and self.pos_embed is not None:
            trunc_normal_(self.pos_embed, std=0.02)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        if self.pos_embed is not None:
            fit_pos_embed(
                state_dict,
                f'{prefix}pos_embed',
                self.pos_embed,
                self.patch_resolution,
                self.interpolate_mode,
                self.num_placed,
            )
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _freeze_stages(self) -> None:
        if self.frozen_stages < 1:
            return
        for parameter in (self.pos_embed, *self.extra_tokens()):
            if parameter is not None:
                parameter.requires_grad_(False)
        freeze(self.patch_embed, self.drop_after_pos, self.pre_norm)
        freeze(*self.layers[: self.frozen_stages])
        if self.frozen_stages == self.num_layers:
            norms = (getattr(self, name, None) for name in ('ln1', 'ln2'))
            freeze(*(norm for norm in norms if norm is not None))

    def train(self, mode: bool = True) -> VisionTransformer:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        self._freeze_stages()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the layers that out_indices names."""
        return self.encode(*self.embed(x))

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """The tokens that enter the first layer, the extra ones first.

        Returns:
            ``(B, L, D)``; and how many rows and columns of patches there are.
        """
        patches, patch_resolution = self.patch_embed(x)
        return self.place(patches, patch_resolution), patch_resolution

    def place(self, patches: Tensor, patch_resolution: tuple[int, int]) -> Tensor:
        """Add the class token and the positions to embedded patches.

        It is the second half of :meth:`embed`, for what happens to patches before
        they have a position: BEiT replaces some of them by a mask token.
        """
        extra = [
            token.expand(patches.shape[0], -1, -1) for token in self.extra_tokens()
        ]
        if not self.extra_have_positions:
            x = self._add_positions(patches, patch_resolution)
            x = torch.cat((*extra, self.drop_after_pos(x)), dim=1)
        else:
            x = torch.cat((*extra, patches), dim=1)
            x = self.drop_after_pos(self._add_positions(x, patch_resolution))
        return self.pre_norm(x)

    def extra_tokens(self) -> list[Tensor]:
        """The tokens that come before the patches, ``(1, 1, D)`` each."""
        return [] if self.cls_token is None else [self.cls_token]

    def _add_positions(self, x: Tensor, patch_resolution: tuple[int, int]) -> Tensor:
        if self.pos_embed is None:
            return x
        return x + resize_pos_embed(
            self.pos_embed,
            self.patch_resolution,
            patch_resolution,
            self.interpolate_mode,
            self.num_placed,
        )

    def layer_context(self, patch_resolution: tuple[int, int]) -> dict[str, Any]:
        """Arguments of every layer beside its tokens."""
        return {}

    def encode(
        self, x: Tensor, patch_resolution: tuple[int, int]
    ) -> tuple[Tensor, ...]:
        """The features of the layers that out_indices names.

        Args:
            x: Tokens, ``(B, L, D)``, the extra ones first. Some patches may be
                left out, as MAE does, unless a layer is returned as a map.
            patch_resolution: Rows and columns of patches in the image.
        """
        outs = []
        context = self.layer_context(patch_resolution)
        for i, layer in enumerate(self.layers):
            x = layer(x, **context)
            if self.final_norm and i == self.num_layers - 1:
                x = self.ln1(x)
            if i in self.out_indices:
                outs.append(self._format_output(x, patch_resolution))
        return tuple(outs)

    def _format_output(self, x: Tensor, patch_resolution: tuple[int, int]) -> Tensor:
        extra = self.num_extra_tokens
        out = format_tokens(x, self.out_type, patch_resolution, extra)
        return self.ln2(out) if self.out_type == 'avg_featmap' else out

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """How deep a parameter lies, for a learning rate that decays with depth.

        Args:
            param_name: Name of the parameter.
            prefix: What the names of this backbone's parameters start with.

        Returns:
            The depth, 0 for the embedding up to the number of depths - 1 for
            whatever follows the layers; and the number of depths.

        Example:
            >>> arch = dict(embed_dims=8, num_layers=2, num_heads=1,
            ...             feedforward_channels=8)
            >>> model = MODELS.build(dict(type='VisionTransformer', arch=arch))
            >>> model.get_layer_depth('backbone.layers.0.ln1.bias', 'backbone.')
            (1, 4)
        """
        return layer_depth(param_name, prefix, self.num_layers, FIRST)
