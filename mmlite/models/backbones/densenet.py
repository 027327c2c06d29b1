"""DenseNet.

Paper: Densely Connected Convolutional Networks, CVPR 2017,
https://arxiv.org/abs/1608.06993
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import build_activation_layer, build_norm_layer, checkpointed
from .archs import pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)

__all__ = ['DenseBlock', 'DenseLayer', 'DenseNet', 'DenseTransition']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')


class DenseLayer(BaseModule):
    """A few new channels from all channels before.

    Args:
        in_channels: Channels of the input.
        growth_rate: Channels of the output.
        bn_size: Width inside over growth_rate.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        drop_rate: Dropout of the output, a fraction.
        memory_efficient: Whether to save memory by computing the first half
            twice.

    Shape:
        x: ``(B, in_channels, H, W)``; returns ``(B, growth_rate, H, W)``.
    """

    def __init__(
        self,
        in_channels: int,
        growth_rate: int,
        bn_size: int,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        drop_rate: float = 0.0,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        inner = bn_size * growth_rate
        self.norm1 = build_norm_layer(norm_cfg, in_channels)[1]
        self.conv1 = nn.Conv2d(in_channels, inner, kernel_size=1, bias=False)
        self.act = build_activation_layer(act_cfg)
        self.norm2 = build_norm_layer(norm_cfg, inner)[1]
        self.conv2 = nn.Conv2d(inner, growth_rate, kernel_size=3, padding=1, bias=False)
        self.drop = nn.Dropout(drop_rate)
        self.memory_efficient = memory_efficient

    def _narrow(self, x: Tensor) -> Tensor:
        return self.conv1(self.act(self.norm1(x)))

    def forward(self, x: Tensor) -> Tensor:
        """The new channels."""
        if self.memory_efficient:
            x = checkpointed(self, self._narrow, x)
        else:
            x = self._narrow(x)
        return self.drop(self.conv2(self.act(self.norm2(x))))


class DenseBlock(nn.Module):
    """Layers each of which sees all before it.

    Args:
        num_layers: Number of layers.
        in_channels: Channels of the input.
        growth_rate: Channels that each layer adds.
        kwargs: Further arguments of :class:`DenseLayer`.
    """

    def __init__(
        self, num_layers: int, in_channels: int, growth_rate: int, **kwargs: Any
    ) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            DenseLayer(in_channels + i * growth_rate, growth_rate, **kwargs)
            for i in range(num_layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        """All channels, the new ones last."""
        features = [x]
        for layer in self.block:
            features.append(layer(torch.cat(features, dim=1)))
        return torch.cat(features, dim=1)


class DenseTransition(nn.Sequential):
    """Fewer channels and half the size, between two blocks.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        norm_cfg: Config of the norm.
        act_cfg: Config of the activation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
    ) -> None:
        super().__init__()
        self.add_module('norm', build_norm_layer(norm_cfg, in_channels)[1])
        self.add_module('act', build_activation_layer(act_cfg))
        conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.add_module('conv', conv)
        self.add_module('pool', nn.AvgPool2d(kernel_size=2, stride=2))


@MODELS.register_module()
class DenseNet(BaseBackbone):
    """Blocks whose layers see the output of all layers before.

    Args:
        arch: ``'121'``, ``'161'``, ``'169'`` or ``'201'``, or a dict with
            ``growth_rate``, ``depths`` and ``init_channels``.
        in_channels: Channels of the image.
        bn_size: Width inside a layer over the growth rate.
        drop_rate: Dropout of every layer, a fraction.
        compression_factor: Channels behind a transition over those before.
        memory_efficient: Whether to save memory by computing layers twice.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: How many stages keep weights and statistics.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            8, 16, 32, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='DenseNet', arch='121'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1024, 2, 2])
    """

    arch_settings: ClassVar[dict[str, dict[str, Any]]] = {
        '121': dict(growth_rate=32, depths=[6, 12, 24, 16], init_channels=64),
        '169': dict(growth_rate=32, depths=[6, 12, 32, 32], init_channels=64),
        '201': dict(growth_rate=32, depths=[6, 12, 48, 32], init_channels=64),
        '161': dict(growth_rate=48, depths=[6, 12, 36, 24], init_channels=96),
    }

    def __init__(
        self,
        arch: str | dict[str, Any] = '121',
        in_channels: int = 3,
        bn_size: int = 4,
        drop_rate: float = 0.0,
        compression_factor: float = 0.5,
        memory_efficient: bool = False,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        arch = pick_arch(arch, self.arch_settings)
        self.growth_rate = arch['growth_rate']
        self.depths = tuple(arch['depths'])
        channels = self.init_channels = arch['init_channels']
        self.num_stages = len(self.depths)
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages)
        self.act = build_activation_layer(act_cfg)
        self.stem = nn.Sequential(
            nn.Conv2d(
                in_channels, channels, kernel_size=7, stride=2, padding=3, bias=False
            ),
            build_norm_layer(norm_cfg, channels)[1],
            self.act,
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        self.stages = nn.ModuleList()
        self.transitions = nn.ModuleList()
        self._widths: list[int] = []
        for i, depth in enumerate(self.depths):
            self.stages.append(
                DenseBlock(
                    depth,
                    channels,
                    self.growth_rate,
                    bn_size=bn_size,
                    norm_cfg=norm_cfg,
                    act_cfg=act_cfg,
                    drop_rate=drop_rate,
                    memory_efficient=memory_efficient,
                )
            )
            channels += depth * self.growth_rate
            if i < self.num_stages - 1:
                narrow = int(channels * compression_factor)
                self.transitions.append(
                    DenseTransition(channels, narrow, norm_cfg, act_cfg)
                )
                channels = narrow
            else:
                norm = build_norm_layer(norm_cfg, channels)[1]
                self.transitions.append(nn.Sequential(norm, self.act))
            self._widths.append(channels)
        self.freeze_parts()

    @property
    def chain(self) -> tuple[str, ...]:
        """``stem``, then ``stages.0``, ``transitions.0`` and so on."""
        pairs = [(f'stages.{i}', f'transitions.{i}') for i in range(len(self.stages))]
        return ('stem', *(name for pair in pairs for name in pair))

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        last = self.num_stages - 1
        return tuple(
            FeatureSpec(self._widths[i], 4 * 2 ** min(i + 1, last))
            for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """As many stages as frozen_stages says, with their transitions."""
        count = max(self.frozen_stages, 0)
        return [*self.stages[:count], *self.transitions[:count]]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        x = self.stem(x)
        outs = []
        for i, stage in enumerate(self.stages):
            x = self.transitions[i](stage(x))
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)
