"""MobileNetV2.

Paper: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018,
https://arxiv.org/abs/1801.04381
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ConvModule, checkpointed, make_divisible
from .base_backbone import (
    CONV_INIT,
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)

__all__ = ['InvertedResidual', 'MobileNetV2']

BATCH_NORM = dict(type='BN')
RELU6 = dict(type='ReLU6')


class InvertedResidual(BaseModule):
    """A depth-wise convolution on widened channels, projected back.

    There is a shortcut where input and output have the same shape.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: 1 or 2 pixels.
        expand_ratio: Width inside over ``in_channels``; 1 has no widening.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        with_cp: Whether to save memory by computing the block again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: ``(B, out_channels, H / stride, W / stride)``.

    Raises:
        ValueError: if stride is neither 1 nor 2.

    Example:
        >>> InvertedResidual(8, 16, stride=2, expand_ratio=6).conv[1].out_channels
        48
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        expand_ratio: int,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU6,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice((1, 2), stride=stride)
        self.stride = stride
        self.with_cp = with_cp
        self.use_res_connect = stride == 1 and in_channels == out_channels
        hidden = round(in_channels * expand_ratio)
        common = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg)
        layers = []
        if expand_ratio != 1:
            layers.append(ConvModule(in_channels, hidden, 1, act_cfg=act_cfg, **common))
        layers += [
            ConvModule(
                hidden,
                hidden,
                3,
                stride=stride,
                padding=1,
                groups=hidden,
                act_cfg=act_cfg,
                **common,
            ),
            ConvModule(hidden, out_channels, 1, act_cfg=None, **common),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        out = checkpointed(self, self.conv, x) if self.with_cp else self.conv(x)
        return x + out if self.use_res_connect else out


@MODELS.register_module()
class MobileNetV2(BaseBackbone):
    """A small network of inverted residuals.

    Args:
        widen_factor: Factor on the width of every layer.
        out_indices: Which layers are returned: 0 to 6 are ``layer1`` to
            ``layer7``, 7 is the last convolution.
        frozen_stages: How many of the seven layers keep weights and
            statistics, beside the first convolution; 0 is that alone, -1
            nothing.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            2, 4, 8, 16, 16, 32, 32, 32.

    Raises:
        ValueError: if out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='MobileNetV2', widen_factor=0.5))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1280, 2, 2])
    """

    # expand_ratio, channels, number of blocks, stride
    arch_settings: ClassVar[tuple[tuple[int, int, int, int], ...]] = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: int | Sequence[int] = (7,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU6,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = CONV_INIT,
    ) -> None:
        super().__init__(init_cfg)
        num_stages = len(self.arch_settings)
        self.widen_factor = widen_factor
        self.out_indices = check_out_indices(out_indices, num_stages + 1)
        self.frozen_stages = check_frozen_stages(frozen_stages, num_stages)
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        common = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg)
        channels = self.in_channels = make_divisible(32 * widen_factor, 8)
        self.conv1 = ConvModule(3, channels, 3, stride=2, padding=1, **common)
        self.layers: list[str] = []
        self._widths: list[int] = []
        for i, (ratio, width, num_blocks, stride) in enumerate(self.arch_settings):
            blocks = []
            width = make_divisible(width * widen_factor, 8)
            for j in range(num_blocks):
                block = InvertedResidual(
                    channels,
                    width,
                    stride=1 if j else stride,
                    expand_ratio=ratio,
                    with_cp=with_cp,
                    **common,
                )
                blocks.append(block)
                channels = width
            self._add(f'layer{i + 1}', nn.Sequential(*blocks), width)
        self.out_channel = max(1280, int(1280 * widen_factor))
        last = ConvModule(channels, self.out_channel, 1, **common)
        self._add('conv2', last, self.out_channel)
        self.freeze_parts()

    def _add(self, name: str, layer: nn.Module, width: int) -> None:
        self.add_module(name, layer)
        self.layers.append(name)
        self._widths.append(width)

    @property
    def chain(self) -> tuple[str, ...]:
        """``conv1``, then ``layer1`` to ``layer7`` and ``conv2``."""
        return ('conv1', *self.layers)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every layer that is returned."""
        strides = [stage[3] for stage in self.arch_settings]
        return tuple(
            FeatureSpec(self._widths[i], 2 * prod(strides[: i + 1]))
            for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """The first convolution, and as many layers as frozen_stages says."""
        return self.frozen_stem_and_stages(('conv1',), self.layers)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the layers that out_indices names."""
        x = self.conv1(x)
        outs = []
        for i, name in enumerate(self.layers):
            x = getattr(self, name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)
