"""Blocks that are wide inside, and narrow where they begin and end."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_choice
from .checkpoint import checkpointed
from .conv_module import ConvModule
from .drop import DropPath
from .se_layer import SELayer

__all__ = ['EdgeResidual', 'InvertedResidual']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')


class _WideBlock(BaseModule):
    """A branch of convolutions, with a shortcut where the shape stays.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        mid_channels: Width inside.
        kernel_size: Of the spatial convolution, in pixels.
        stride: Of it, 1 or 2 pixels.
        se_cfg: Arguments of an :class:`SELayer` inside; ``None`` has none.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        drop_path_rate: Stochastic depth, a fraction.
        with_cp: Whether to save memory by computing the block twice.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        se_cfg: dict | None = None,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        drop_path_rate: float = 0.0,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice((1, 2), stride=stride)
        self.with_shortcut = stride == 1 and in_channels == out_channels
        self.with_cp = with_cp
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate else nn.Identity()
        self.se = None
        spatial = dict(
            kernel_size=kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            act_cfg=act_cfg,
        )
        common = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg)
        self.make_layers(
            (in_channels, mid_channels, out_channels), spatial, se_cfg, common
        )

    def make_layers(
        self, widths: tuple[int, int, int], spatial: dict, se_cfg: Any, common: dict
    ) -> None:
        """Add the convolutions."""
        raise NotImplementedError

    def branch(self, x: Tensor) -> Tensor:
        """Call the convolutions."""
        raise NotImplementedError

    def _excited(self, x: Tensor) -> Tensor:
        return x if self.se is None else self.se(x)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        return checkpointed(self, self._block, x) if self.with_cp else self._block(x)

    def _block(self, x: Tensor) -> Tensor:
        out = self.branch(x)
        return x + self.drop_path(out) if self.with_shortcut else out


class InvertedResidual(_WideBlock):
    """A depth-wise convolution on widened channels, weighed and projected back.

    Paper: MobileNetV2, CVPR 2018, https://arxiv.org/abs/1801.04381; with
    squeeze-and-excitation it is the MBConv of EfficientNet,
    https://arxiv.org/abs/1905.11946. Arguments: ``in_channels``,
    ``out_channels``, ``mid_channels`` (the width inside; as wide as the input
    has no widening), ``kernel_size``, ``stride`` (1 or 2), ``se_cfg``,
    ``conv_cfg``, ``norm_cfg``, ``act_cfg``, ``drop_path_rate``, ``with_cp``.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: ``(B, out_channels, H / stride, W / stride)``.

    Example:
        >>> from mmlite.models.layers import InvertedResidual
        >>> InvertedResidual(8, 16, 32, stride=2)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 16, 2, 2])
    """

    def make_layers(
        self, widths: tuple[int, int, int], spatial: dict, se_cfg: Any, common: dict
    ) -> None:
        """Add the convolutions."""
        wide_in, wide, wide_out = widths
        self.expand_conv = None
        if wide != wide_in:
            self.expand_conv = ConvModule(
                wide_in, wide, 1, act_cfg=spatial['act_cfg'], **common
            )
        self.depthwise_conv = ConvModule(wide, wide, groups=wide, **spatial, **common)
        if se_cfg is not None:
            self.se = SELayer(**se_cfg)
        self.linear_conv = ConvModule(wide, wide_out, 1, act_cfg=None, **common)

    def branch(self, x: Tensor) -> Tensor:
        """Widen, convolve, weigh, project."""
        if self.expand_conv is not None:
            x = self.expand_conv(x)
        return self.linear_conv(self._excited(self.depthwise_conv(x)))


class EdgeResidual(_WideBlock):
    """A full convolution to many channels, projected back by a 1x1 one.

    The FusedMBConv of EfficientNet-EdgeTPU and EfficientNetV2,
    https://arxiv.org/abs/2104.00298. Arguments are those of
    :class:`InvertedResidual`, and ``with_residual``, whether there is a
    shortcut where the shape stays.

    Example:
        >>> from mmlite.models.layers import EdgeResidual
        >>> EdgeResidual(8, 16, 32, stride=2)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 16, 2, 2])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        *args: Any,
        with_residual: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, mid_channels, *args, **kwargs)
        self.with_shortcut &= with_residual

    def make_layers(
        self, widths: tuple[int, int, int], spatial: dict, se_cfg: Any, common: dict
    ) -> None:
        """Add the convolutions."""
        wide_in, wide, wide_out = widths
        self.conv1 = ConvModule(wide_in, wide, **spatial, **common)
        if se_cfg is not None:
            self.se = SELayer(**se_cfg)
        plain = dict(common, conv_cfg=None)
        self.conv2 = ConvModule(wide, wide_out, 1, act_cfg=None, **plain)

    def branch(self, x: Tensor) -> Tensor:
        """Convolve, weigh, project."""
        return self.conv2(self._excited(self.conv1(x)))
