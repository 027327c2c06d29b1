"""Feature pyramid: maps of several sizes, each combined with the smaller ones."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ConvModule

__all__ = ['FPN']

XAVIER = dict(type='Xavier', layer='Conv2d', distribution='uniform')
SOURCES = ('on_input', 'on_output')


@MODELS.register_module()
class FPN(BaseModule):
    """Add to every map the next smaller one, and further maps at the end.

    Paper: Feature Pyramid Networks for Object Detection, CVPR 2017,
    https://arxiv.org/abs/1612.03144. Names are those of mmdetection.

    Args:
        in_channels: Channels of the maps, the largest map first.
        out_channels: Channels of all outputs.
        num_outs: Number of outputs; ``None`` is one for each map.
        add_extra_convs: What the outputs beyond the maps are made of, by convolutions
            of stride 2: ``'on_input'`` the last map, ``'on_output'`` the last output.
            False takes every second pixel of the last output.
        relu_before_extra_convs: Whether a ReLU precedes the second and all further ones
            of these convolutions.
        norm_cfg: Config of the norms; ``None`` has none.
        act_cfg: Config of the activations; ``None`` has none.
        init_cfg: Config of the initialisation.

    Shape:
        x: a tuple of ``(B, C, H, W)``, the largest first.
        returns: a tuple of ``(B, out_channels, H, W)``.

    Raises:
        ValueError: if num_outs is too small, or add_extra_convs unknown.

    Example:
        >>> neck = FPN(in_channels=(8, 16), out_channels=4, num_outs=3)
        >>> maps = (torch.zeros(1, 8, 8, 8), torch.zeros(1, 16, 4, 4))
        >>> [tuple(out.shape) for out in neck(maps)]
        [(1, 4, 8, 8), (1, 4, 4, 4), (1, 4, 2, 2)]
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 256,
        num_outs: int | None = None,
        add_extra_convs: bool | str = False,
        relu_before_extra_convs: bool = False,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = XAVIER,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = tuple(in_channels)
        self.out_channels = out_channels
        levels = len(self.in_channels)
        self.num_outs = levels if num_outs is None else num_outs
        if self.num_outs < levels:
            raise ValueError(
                f'num_outs={num_outs} is less than the {levels} maps of in_channels; '
                'leave maps out with out_indices of the backbone'
            )
        if add_extra_convs is True:
            add_extra_convs = 'on_input'
        if add_extra_convs and add_extra_convs not in SOURCES:
            raise ValueError(
                f'add_extra_convs is False or one of {SOURCES}, got {add_extra_convs!r}'
            )
        self.add_extra_convs = add_extra_convs
        self.relu_before_extra_convs = relu_before_extra_convs
        common = dict(norm_cfg=norm_cfg, act_cfg=act_cfg, inplace=False)
        self.lateral_convs = nn.ModuleList(
            ConvModule(width, out_channels, 1, **common) for width in self.in_channels
        )
        self.fpn_convs = nn.ModuleList(
            ConvModule(out_channels, out_channels, 3, padding=1, **common)
            for _ in self.in_channels
        )
        for i in range(self.num_outs - levels if add_extra_convs else 0):
            first = i == 0 and add_extra_convs == 'on_input'
            width = self.in_channels[-1] if first else out_channels
            self.fpn_convs.append(
                ConvModule(width, out_channels, 3, stride=2, padding=1, **common)
            )

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs for those of the inputs."""
        strides = [spec.stride for spec in specs]
        while len(strides) < self.num_outs:
            strides.append(2 * strides[-1])
        return tuple(FeatureSpec(self.out_channels, stride) for stride in strides)

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The pyramid."""
        levels = len(self.in_channels)
        merged = [conv(m) for conv, m in zip(self.lateral_convs, x, strict=True)]
        for i in range(levels - 1, 0, -1):
            size = merged[i - 1].shape[-2:]
            merged[i - 1] = merged[i - 1] + F.interpolate(merged[i], size=size)
        convs = list(self.fpn_convs)
        outs = [conv(m) for conv, m in zip(convs[:levels], merged, strict=True)]
        if not self.add_extra_convs:
            while len(outs) < self.num_outs:
                outs.append(F.max_pool2d(outs[-1], 1, stride=2))
            return tuple(outs)
        source = x[-1] if self.add_extra_convs == 'on_input' else outs[-1]
        for i, conv in enumerate(convs[levels:]):
            if i and self.relu_before_extra_convs:
                source = F.relu(source)
            source = conv(source)
            outs.append(source)
        return tuple(outs)
