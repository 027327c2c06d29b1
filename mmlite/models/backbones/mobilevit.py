"""MobileViT.

Paper: MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision
Transformer, ICLR 2022, https://arxiv.org/abs/2110.02178
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import wrong_choice
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ConvModule, TransformerEncoderLayer, build_norm_layer
from .archs import pick_arch
from .base_backbone import (
    CONV_INIT,
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)
from .mobilenet_v2 import InvertedResidual

__all__ = ['MobileViT', 'MobileVitBlock']

BATCH_NORM = dict(type='BN')
LAYER_NORM = dict(type='LN')
SWISH = dict(type='Swish')


class MobileVitBlock(nn.Module):
    """A transformer between convolutions, that sees every pixel of the map.

    Pixels at the same place of their patches attend to each other.

    Args:
        in_channels: Channels of the input.
        transformer_dim: Width of the tokens.
        ffn_dim: Width of the feed-forward networks.
        out_channels: Channels of the output.
        conv_ksize: Edge of the kernel of the convolutions, in pixels.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of their norms.
        act_cfg: Config of their activations.
        num_transformer_blocks: How many layers the transformer has.
        patch_size: Edge of a patch, in pixels.
        num_heads: Number of attention heads.
        drop_rate: Dropout of the transformer, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth of the transformer, a fraction.
        no_fusion: Whether to leave out the last step, which joins input and output.
        transformer_norm_cfg: Config of the transformer's norms.

    Shape:
        x: ``(B, in_channels, H, W)``; returns ``(B, out_channels, H, W)``.

    Example:
        >>> MobileVitBlock(8, 16, 32, 8)(torch.zeros(2, 8, 5, 6)).shape
        torch.Size([2, 8, 5, 6])
    """

    def __init__(
        self,
        in_channels: int,
        transformer_dim: int,
        ffn_dim: int,
        out_channels: int,
        conv_ksize: int = 3,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = SWISH,
        num_transformer_blocks: int = 2,
        patch_size: int = 2,
        num_heads: int = 4,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        no_fusion: bool = False,
        transformer_norm_cfg: dict = LAYER_NORM,
    ) -> None:
        super().__init__()
        same = dict(kernel_size=conv_ksize, padding=(conv_ksize - 1) // 2)
        cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.local_rep = nn.Sequential(
            ConvModule(in_channels, in_channels, **same, **cfgs),
            ConvModule(
                in_channels,
                transformer_dim,
                1,
                bias=False,
                conv_cfg=conv_cfg,
                act_cfg=None,
            ),
        )
        layers: list[nn.Module] = [
            TransformerEncoderLayer(
                transformer_dim,
                num_heads,
                ffn_dim,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                drop_path_rate=drop_path_rate,
                act_cfg=SWISH,
                norm_cfg=transformer_norm_cfg,
            )
            for _ in range(num_transformer_blocks)
        ]
        layers.append(build_norm_layer(transformer_norm_cfg, transformer_dim)[1])
        self.global_rep = nn.Sequential(*layers)
        self.conv_proj = ConvModule(transformer_dim, out_channels, 1, **cfgs)
        self.conv_fusion = None
        if not no_fusion:
            self.conv_fusion = ConvModule(
                in_channels + out_channels, out_channels, **same, **cfgs
            )
        self.patch_size = patch_size

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        out = self.conv_proj(self._global(self.local_rep(x)))
        if self.conv_fusion is None:
            return out
        return self.conv_fusion(torch.cat((x, out), dim=1))

    def _global(self, x: Tensor) -> Tensor:
        patch, size = self.patch_size, x.shape[2:]
        rows, columns = (-(-side // patch) for side in size)
        whole = (rows * patch, columns * patch)
        if whole != tuple(size):
            x = F.interpolate(x, size=whole, mode='bilinear', align_corners=False)
        batch, width = x.shape[:2]
        x = x.reshape(batch, width, rows, patch, columns, patch)
        x = x.permute(0, 3, 5, 2, 4, 1).reshape(-1, rows * columns, width)
        x = self.global_rep(x)  # (B * patch * patch, rows * columns, D)
        x = x.view(batch, patch, patch, rows, columns, width)
        x = x.permute(0, 5, 3, 1, 4, 2).reshape(batch, width, *whole)
        if whole != tuple(size):
            x = F.interpolate(x, size=size, mode='bilinear', align_corners=False)
        return x


@MODELS.register_module()
class MobileViT(BaseBackbone):
    """MobileNetV2 with transformers in its last layers.

    Args:
        arch: ``'small'``, ``'x_small'`` or ``'xx_small'``, or a list of layers:
            ``['mobilenetv2', width, stride, blocks, expand_ratio]`` or
            ``['mobilevit', width, stride, token width, ffn width, blocks,
            expand_ratio]``.
        in_channels: Channels of the image.
        stem_channels: Width of the stem.
        last_exp_factor: Width of the last convolution over that of the last
            layer.
        out_indices: Which layers are returned, counted from 0.
        frozen_stages: How many layers keep weights and statistics.
        conv_cfg: Config of the first and last convolution; ``None`` is
            ``Conv2d``.
        norm_cfg: Config of their norms.
        act_cfg: Config of their activations.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            2, 4, 8, 16, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='MobileViT', arch='xx_small'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 320, 2, 2])
    """

    arch_settings: ClassVar[dict[str, tuple[tuple, ...]]] = {
        'small': (
            ('mobilenetv2', 32, 1, 1, 4),
            ('mobilenetv2', 64, 2, 3, 4),
            ('mobilevit', 96, 2, 144, 288, 2, 4),
            ('mobilevit', 128, 2, 192, 384, 4, 4),
            ('mobilevit', 160, 2, 240, 480, 3, 4),
        ),
        'x_small': (
            ('mobilenetv2', 32, 1, 1, 4),
            ('mobilenetv2', 48, 2, 3, 4),
            ('mobilevit', 64, 2, 96, 192, 2, 4),
            ('mobilevit', 80, 2, 120, 240, 4, 4),
            ('mobilevit', 96, 2, 144, 288, 3, 4),
        ),
        'xx_small': (
            ('mobilenetv2', 16, 1, 1, 2),
            ('mobilenetv2', 24, 2, 3, 2),
            ('mobilevit', 48, 2, 64, 128, 2, 2),
            ('mobilevit', 64, 2, 80, 160, 4, 2),
            ('mobilevit', 80, 2, 96, 192, 3, 2),
        ),
    }

    def __init__(
        self,
        arch: str | Sequence[Sequence] = 'small',
        in_channels: int = 3,
        stem_channels: int = 16,
        last_exp_factor: int = 4,
        out_indices: int | Sequence[int] = (4,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = SWISH,
        init_cfg: dict | list[dict] | None = CONV_INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.arch = arch = pick_arch(arch, self.arch_settings)
        self.num_stages = len(arch)
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages - 1)
        cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.stem = ConvModule(
            in_channels, stem_channels, 3, stride=2, padding=1, **cfgs
        )
        layers = []
        channels = stem_channels
        makers = {
            'mobilenetv2': self.make_mobilenetv2_layer,
            'mobilevit': self.make_mobilevit_layer,
        }
        for kind, width, *settings in arch:
            if kind not in makers:
                raise ValueError(wrong_choice('a layer of arch', kind, makers))
            layers.append(makers[kind](channels, width, *settings))
            channels = width
        self.layers = nn.Sequential(*layers)
        self.last_channels = last_exp_factor * channels
        self.conv_1x1_exp = ConvModule(channels, self.last_channels, 1, **cfgs)
        self.freeze_parts()

    @staticmethod
    def make_mobilevit_layer(
        in_channels: int,
        out_channels: int,
        stride: int,
        transformer_dim: int,
        ffn_dim: int,
        num_transformer_blocks: int,
        expand_ratio: int = 4,
    ) -> nn.Module:
        """Build an inverted residual and a transformer."""
        return nn.Sequential(
            InvertedResidual(
                in_channels, out_channels, stride, expand_ratio, act_cfg=SWISH
            ),
            MobileVitBlock(
                out_channels,
                transformer_dim,
                ffn_dim,
                out_channels,
                num_transformer_blocks=num_transformer_blocks,
            ),
        )

    @staticmethod
    def make_mobilenetv2_layer(
        in_channels: int,
        out_channels: int,
        stride: int,
        num_blocks: int,
        expand_ratio: int = 4,
    ) -> nn.Module:
        """Build inverted residuals."""
        blocks = (
            InvertedResidual(
                out_channels if i else in_channels,
                out_channels,
                1 if i else stride,
                expand_ratio,
                act_cfg=SWISH,
            )
            for i in range(num_blocks)
        )
        return nn.Sequential(*blocks)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every layer that is returned."""
        widths = [layer[1] for layer in self.arch[:-1]] + [self.last_channels]
        strides = [layer[2] for layer in self.arch]
        return tuple(
            FeatureSpec(widths[i], 2 * prod(strides[: i + 1])) for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """As many layers as frozen_stages says."""
        return list(self.layers[: max(self.frozen_stages, 0)])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the layers that out_indices names."""
        x = self.stem(x)
        outs = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == self.num_stages - 1:
                x = self.conv_1x1_exp(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)
