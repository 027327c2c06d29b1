"""Swin Transformer.

Paper: Swin Transformer: Hierarchical Vision Transformer using Shifted Windows,
ICCV 2021, https://arxiv.org/abs/2103.14030
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.model import ModuleList
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    PatchEmbed,
    build_norm_layer,
    check_arguments,
    fit_pos_embed,
    norms_to_eval,
    resize_pos_embed,
)
from .archs import one_each, pick_arch, zoo
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    freeze,
)
from .swin_transformer_blocks import SwinBlockSequence

__all__ = [
    'SwinTransformer',
]

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')


@MODELS.register_module()
class SwinTransformer(BaseBackbone):
    """A pyramid of transformers that attend within shifted windows.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, or a dict with
            the keys ``embed_dims``, ``depths`` and ``num_heads``.
        img_size: Size of the image in pixels, for the position embedding; images of
            other sizes are accepted.
        patch_size: Edge of a patch, in pixels.
        in_channels: Channels of the image.
        window_size: Rows and columns of a window, in tokens.
        drop_rate: Dropout after the embedding, a fraction.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            linearly from 0 in the first.
        out_indices: Which stages are returned; negative ones are counted from the end.
        out_after_downsample: Whether a stage is returned after its merging.
        use_abs_pos_embed: Whether there is a position embedding.
        interpolate_mode: How the position embedding is interpolated.
        with_cp: Whether to save memory by computing activations again in the backward
            pass.
        frozen_stages: The last stage that keeps its weights, with all before it and the
            embedding; -1 freezes nothing.
        norm_eval: Whether batch norms keep their statistics in training.
        pad_small_map: Whether a map smaller than a window is padded.
        norm_cfg: Config of the norms of the outputs; ``None`` has none.
        stage_cfgs: Further arguments of a stage, or a list with one dict each.
        patch_cfg: Further arguments of ``PatchEmbed``.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one map per index, ``(B, D * 2**i, H / 4 / 2**i, W / 4 / 2**i)``.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range, or in
            ``forward`` a map is smaller than a window.

    Example:
        >>> model = MODELS.build(dict(type='SwinTransformer', arch='tiny'))
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 768, 7, 7])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims depths num_heads',
        tiny=('t tiny', (96, [2, 2, 6, 2], [3, 6, 12, 24])),
        small=('s small', (96, [2, 2, 18, 2], [3, 6, 12, 24])),
        base=('b base', (128, [2, 2, 18, 2], [4, 8, 16, 32])),
        large=('l large', (192, [2, 2, 18, 2], [6, 12, 24, 48])),
    )
    stage_type: ClassVar[type[nn.Module]] = SwinBlockSequence
    _version = 3
    num_extra_tokens = 0

    def __init__(
        self,
        arch: str | dict = 'tiny',
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 4,
        in_channels: int = 3,
        window_size: int = 7,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        out_indices: int | Sequence[int] = (3,),
        out_after_downsample: bool = False,
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = 'bicubic',
        with_cp: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        pad_small_map: bool = False,
        norm_cfg: dict | None = LAYER_NORM,
        stage_cfgs: dict | Sequence[dict] | None = None,
        patch_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch_settings = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch_settings['embed_dims']
        self.depths = self.arch_settings['depths']
        self.num_heads = self.arch_settings['num_heads']
        self.num_layers = len(self.depths)
        self.out_indices = check_out_indices(out_indices, self.num_layers)
        self.out_after_downsample = out_after_downsample
        self.interpolate_mode = interpolate_mode
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_layers - 1)
        self.norm_eval = norm_eval
        embed = dict(
            in_channels=in_channels,
            input_size=img_size,
            embed_dims=self.embed_dims,
            kernel_size=patch_size,
            stride=patch_size,
            norm_cfg=LAYER_NORM,
        )
        check_arguments(PatchEmbed, patch_cfg or {}, 'patch_cfg', [*embed])
        self.patch_embed = PatchEmbed(**{**embed, **(patch_cfg or {})})
        self.patch_resolution = self.patch_embed.init_out_size
        self.use_abs_pos_embed = use_abs_pos_embed
        if use_abs_pos_embed:
            length = self.patch_resolution[0] * self.patch_resolution[1]
            self.absolute_pos_embed = nn.Parameter(
                torch.zeros(1, length, self.embed_dims)
            )
        self.drop_after_pos = nn.Dropout(p=drop_rate)
        self.stages = self._make_stages(
            drop_path_rate,
            stage_cfgs,
            dict(window_size=window_size, with_cp=with_cp, pad_small_map=pad_small_map),
        )
        self.num_features = self._widths()
        for i in self.out_indices:
            norm = nn.Identity()
            if norm_cfg is not None:
                norm = build_norm_layer(norm_cfg, self.num_features[i])[1]
            self.add_module(f'norm{i}', norm)
        self._freeze_stages()

    def _make_stages(
        self,
        drop_path_rate: float,
        stage_cfgs: dict | Sequence[dict] | None,
        common: dict[str, Any],
    ) -> ModuleList:
        rates = np.linspace(0, drop_path_rate, sum(self.depths)).tolist()
        own = [self._stage_args(i) for i in range(self.num_layers)]
        given = [*common, *own[0], 'embed_dims', 'depth', 'num_heads', 'drop_paths']
        cfgs = one_each(
            stage_cfgs, self.num_layers, self.stage_type, given, 'stage_cfgs'
        )
        stages, width = ModuleList(), self.embed_dims
        for i, depth in enumerate(self.depths):
            args = dict(
                embed_dims=width,
                depth=depth,
                num_heads=self.num_heads[i],
                drop_paths=rates[:depth],
            )
            args |= {**common, **own[i], **cfgs[i]}
            stages.append(self.stage_type(**args))
            width, rates = stages[-1].out_channels, rates[depth:]
        return stages

    def _stage_args(self, i: int) -> dict[str, Any]:
        """Arguments of stage ``i`` that other stages do not take."""
        return dict(downsample=i < self.num_layers - 1)

    def _widths(self) -> list[int]:
        """Channels of what every stage returns."""
        if self.out_after_downsample:
            return [stage.out_channels for stage in self.stages]
        return [stage.embed_dims for stage in self.stages]

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        patch = self.patch_embed.projection.stride[0]
        last = self.num_layers - 1
        late = 1 if self.out_after_downsample else 0
        return tuple(
            FeatureSpec(self.num_features[i], patch * 2 ** min(i + late, last))
            for i in self.out_indices
        )

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the position embedding."""
        super().init_weights()
        if self.use_abs_pos_embed and not self.is_pretrained:
            trunc_normal_(self.absolute_pos_embed, std=0.02)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages that out_indices names."""
        return self.encode(*self.embed(x))

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """The tokens that enter the first stage, and the rows and columns of them."""
        patches, hw_shape = self.patch_embed(x)
        return self.place(patches, hw_shape), hw_shape

    def place(self, patches: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """Add the positions to embedded patches, if there are any."""
        if self.use_abs_pos_embed:
            patches = patches + resize_pos_embed(
                self.absolute_pos_embed,
                self.patch_resolution,
                hw_shape,
                self.interpolate_mode,
                self.num_extra_tokens,
            )
        return self.drop_after_pos(patches)

    def encode(self, x: Tensor, hw_shape: tuple[int, int]) -> tuple[Tensor, ...]:
        """The features of the stages, from tokens ``(B, L, D)``."""
        outs = []
        for i, stage in enumerate(self.stages):
            x, hw_shape = stage(x, hw_shape, do_downsample=self.out_after_downsample)
            if i in self.out_indices:
                outs.append(self._map(x, hw_shape, i))
            if stage.downsample is not None and not self.out_after_downsample:
                x, hw_shape = stage.downsample(x, hw_shape)
        return tuple(outs)

    def _map(self, x: Tensor, hw_shape: tuple[int, int], i: int) -> Tensor:
        x = getattr(self, f'norm{i}')(x)
        return x.transpose(1, 2).unflatten(2, hw_shape).contiguous()

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        for name in list(state_dict):
            if not name.startswith(prefix):
                continue
            if name.endswith('.attn_mask'):  # stored by early versions
                del state_dict[name]
            elif name.startswith(f'{prefix}norm.'):
                new = f'{prefix}norm{self.num_layers - 1}.'
                state_dict[name.replace(f'{prefix}norm.', new)] = state_dict.pop(name)
        if self.use_abs_pos_embed:
            fit_pos_embed(
                state_dict,
                f'{prefix}absolute_pos_embed',
                self.absolute_pos_embed,
                self.patch_resolution,
                self.interpolate_mode,
                self.num_extra_tokens,
            )
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _freeze_stages(self) -> None:
        if self.frozen_stages < 0:
            return
        freeze(self.patch_embed, *self.stages[: self.frozen_stages + 1])
        freeze(
            *(
                getattr(self, f'norm{i}')
                for i in self.out_indices
                if i <= self.frozen_stages
            )
        )

    def train(self, mode: bool = True) -> SwinTransformer:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            norms_to_eval(self)
        return self

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """How deep a parameter lies, as in :class:`VisionTransformer`.

        Every block is one layer; a merging belongs to the block before it.
        """
        num_depths = sum(self.depths) + 2
        parts = param_name.removeprefix(prefix).split('.')
        if not param_name.startswith(prefix):
            return num_depths - 1, num_depths
        if parts[0] == 'patch_embed':
            return 0, num_depths
        if parts[0] != 'stages':
            return num_depths - 1, num_depths
        return self._depth_in(int(parts[1]), parts[2:]), num_depths

    def _depth_in(self, stage: int, parts: list[str]) -> int:
        if parts[0] == 'downsample':
            return sum(self.depths[: stage + 1])
        return sum(self.depths[:stage]) + int(parts[1]) + 1
