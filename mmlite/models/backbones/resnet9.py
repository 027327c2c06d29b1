"""The small ResNet of silhouettes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import BareConv2d, BasicBlock, ResLayer
from .base_backbone import BaseBackbone, check_out_indices, run_stages

__all__ = ['ResNet9']


@MODELS.register_module()
class ResNet9(BaseBackbone):
    """ResNet of few blocks whose stem keeps the size, for silhouettes.

    Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
    https://arxiv.org/abs/2211.06597 (section 4.1).

    Args:
        block: Only ``'BasicBlock'``.
        channels: Width of each stage; the stem has that of the first.
        in_channel: Channels of the image.
        layers: Blocks of each stage.
        strides: Stride of each stage, in pixels.
        maxpool: Whether the stem halves the size.
        out_indices: Which stages are returned, counted from 0.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channel, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index.

    Raises:
        ValueError: if the block is another one, or channels, layers and strides are
            not as many.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='ResNet9', channels=[8, 16], layers=[1, 1], strides=[1, 2]))
        >>> [tuple(out.shape) for out in model(torch.zeros(1, 1, 64, 44))]
        [(1, 16, 32, 22)]
    """

    def __init__(
        self,
        block: str = 'BasicBlock',
        channels: Sequence[int] = (64, 128, 256, 512),
        in_channel: int = 1,
        layers: Sequence[int] = (1, 1, 1, 1),
        strides: Sequence[int] = (1, 2, 2, 1),
        maxpool: bool = False,
        out_indices: int | Sequence[int] = -1,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if block != 'BasicBlock':
            raise ValueError(f"block is 'BasicBlock', got {block!r}")
        if not len(channels) == len(layers) == len(strides):
            raise ValueError(
                'channels, layers and strides have one entry for each stage, got '
                f'{len(channels)}, {len(layers)} and {len(strides)}'
            )
        self.channels = tuple(channels)
        self.strides = tuple(strides)
        self.out_indices = check_out_indices(out_indices, len(channels))
        self.conv1 = BareConv2d(in_channel, channels[0], 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if maxpool else None
        width = channels[0]
        for number, settings in enumerate(zip(channels, layers, strides, strict=True)):
            out, blocks, stride = settings
            stage = ResLayer(BasicBlock, blocks, width, out, stride=stride)
            self.add_module(f'layer{number + 1}', stage)
            width = out

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        first = 1 if self.maxpool is None else 2
        total = list(accumulate(self.strides, mul, initial=first))[1:]
        return tuple(FeatureSpec(self.channels[i], total[i]) for i in self.out_indices)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        x = self.relu(self.bn1(self.conv1(x)))
        if self.maxpool is not None:
            x = self.maxpool(x)
        stages = [getattr(self, f'layer{i + 1}') for i in range(len(self.channels))]
        return run_stages(x, stages, self.out_indices)
