"""Fuse the maps of HRNet for a classifier."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import Bottleneck, ConvModule, ResLayer

__all__ = ['HRFuseScales']

BATCH_NORM = dict(type='BN', momentum=0.1)
NORMAL_INIT = dict(type='Normal', layer='Linear', std=0.01)
WIDTHS = (128, 256, 512, 1024)


@MODELS.register_module()
class HRFuseScales(BaseModule):
    """Widen the maps of all sizes, and add each to the next smaller one.

    Paper: Deep High-Resolution Representation Learning for Visual Recognition,
    TPAMI 2020, https://arxiv.org/abs/1908.07919

    Args:
        in_channels: Channels of the maps, the largest map first.
        out_channels: Channels of the output.
        norm_cfg: Config of the norms.
        init_cfg: Config of the initialisation.

    Shape:
        x: a tuple of maps, each half the size of the one before.
        returns: a tuple of one map of the smallest size.

    Raises:
        ValueError: if there are not 1 to 4 maps.

    Example:
        >>> neck = HRFuseScales(in_channels=(8, 16), out_channels=32)
        >>> maps = (torch.zeros(1, 8, 4, 4), torch.zeros(1, 16, 2, 2))
        >>> neck(maps)[0].shape
        torch.Size([1, 32, 2, 2])
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 2048,
        norm_cfg: dict = BATCH_NORM,
        init_cfg: dict | list[dict] | None = NORMAL_INIT,
    ) -> None:
        super().__init__(init_cfg)
        if not 1 <= len(in_channels) <= len(WIDTHS):
            raise ValueError(
                f'in_channels must be 1 to 4 widths, got {list(in_channels)}'
            )
        self.in_channels = tuple(in_channels)
        self.out_channels = out_channels
        widths = WIDTHS[: len(in_channels)]
        self.increase_layers = nn.ModuleList(
            ResLayer(Bottleneck, 1, narrow, wide)
            for narrow, wide in zip(in_channels, widths, strict=True)
        )
        self.downsample_layers = nn.ModuleList(
            ConvModule(
                wide, 2 * wide, 3, stride=2, padding=1, norm_cfg=norm_cfg, bias=False
            )
            for wide in widths[:-1]
        )
        self.final_layer = ConvModule(
            widths[-1], out_channels, 1, norm_cfg=norm_cfg, bias=False
        )

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: one map, as small as the last."""
        return (FeatureSpec(self.out_channels, specs[-1].stride),)

    def forward(self, x: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Fuse the maps."""
        maps = [layer(m) for layer, m in zip(self.increase_layers, x, strict=True)]
        fused = maps[0]
        for layer, larger in zip(self.downsample_layers, maps[1:], strict=True):
            fused = layer(fused) + larger
        return (self.final_layer(fused),)
