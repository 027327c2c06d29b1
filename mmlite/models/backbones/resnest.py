"""ResNeSt.

Paper: ResNeSt: Split-Attention Networks, CVPR workshops 2022,
https://arxiv.org/abs/2004.08955
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from ...registry import MODELS
from ..layers import ResLayer, build_conv_layer, build_norm_layer
from .resnet import ResNetV1d
from .resnext import ResNeXtBottleneck

__all__ = ['ResNeSt', 'ResNeStBottleneck', 'SplitAttentionConv2d']

BATCH_NORM = dict(type='BN')


class SplitAttentionConv2d(nn.Module):
    """Several convolutions of the input, summed up by weights of their own.

    Args:
        in_channels: Channels of the input.
        channels: Channels of the output.
        kernel_size: Edge of the kernel, in pixels.
        stride: In pixels.
        padding: In pixels.
        dilation: In pixels.
        groups: Channel groups.
        radix: Number of convolutions that compete.
        reduction_factor: Channels over the inner width of the attention.
        conv_cfg: Config of the convolution; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.

    Shape:
        x: ``(B, in_channels, H, W)``; returns ``(B, channels, H', W')``.

    Example:
        >>> conv = SplitAttentionConv2d(8, 16, 3, padding=1)
        >>> conv(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 16, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        radix: int = 2,
        reduction_factor: int = 4,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
    ) -> None:
        super().__init__()
        inner = max(in_channels * radix // reduction_factor, 32)
        self.radix = radix
        self.groups = groups
        self.conv = build_conv_layer(
            conv_cfg,
            in_channels,
            channels * radix,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups * radix,
            bias=False,
        )
        self.norm0_name, norm0 = build_norm_layer(norm_cfg, channels * radix, postfix=0)
        self.add_module(self.norm0_name, norm0)
        self.relu = nn.ReLU(inplace=True)
        self.fc1 = nn.Conv2d(channels, inner, 1, groups=groups)
        self.norm1_name, norm1 = build_norm_layer(norm_cfg, inner, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.fc2 = nn.Conv2d(inner, channels * radix, 1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x, and sum the parts up."""
        x = self.relu(getattr(self, self.norm0_name)(self.conv(x)))
        parts = x.unflatten(1, (self.radix, -1))  # (B, radix, C, H, W)
        mean = parts.sum(dim=1).mean(dim=(2, 3), keepdim=True)
        inner = self.relu(getattr(self, self.norm1_name)(self.fc1(mean)))
        weight = self._weights(self.fc2(inner).flatten(1))
        return (parts * weight[..., None, None]).sum(dim=1)

    def _weights(self, logits: Tensor) -> Tensor:
        """Weights ``(B, radix, C)``, which sum to 1 over the parts."""
        if self.radix == 1:
            return logits.sigmoid()[:, None]
        logits = logits.unflatten(1, (self.groups, self.radix, -1))
        return logits.transpose(1, 2).softmax(dim=1).flatten(2)


class ResNeStBottleneck(ResNeXtBottleneck):
    """A bottleneck whose 3x3 convolution is a :class:`SplitAttentionConv2d`.

    Other arguments are those of ``ResNeXtBottleneck``.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        groups: Channel groups.
        radix: See :class:`SplitAttentionConv2d`.
        reduction_factor: See :class:`SplitAttentionConv2d`.
        avg_down_stride: Whether an average pooling has the stride.
        kwargs: Further arguments of ``ResNeXtBottleneck``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int = 1,
        radix: int = 2,
        reduction_factor: int = 4,
        avg_down_stride: bool = True,
        **kwargs: Any,
    ) -> None:
        self.radix = radix
        self.reduction_factor = reduction_factor
        self.avg_down_stride = avg_down_stride
        super().__init__(in_channels, out_channels, groups=groups, **kwargs)
        stride = self.stride if self.style == 'pytorch' else 1
        self.avd_layer = nn.Identity()
        if avg_down_stride and stride > 1:
            self.avd_layer = nn.AvgPool2d(3, stride, padding=1)

    def make_middle(self, stride: int) -> None:
        """Add the convolution with split attention."""
        self.conv2 = SplitAttentionConv2d(
            self.mid_channels,
            self.mid_channels,
            kernel_size=3,
            stride=1 if self.avg_down_stride else stride,
            padding=self.dilation,
            dilation=self.dilation,
            groups=self.groups,
            radix=self.radix,
            reduction_factor=self.reduction_factor,
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
        )

    def middle(self, x: Tensor) -> Tensor:
        """The convolution, and the pooling."""
        return self.avd_layer(self.conv2(x))


@MODELS.register_module()
class ResNeSt(ResNetV1d):
    """ResNetV1d whose blocks weigh several convolutions against each other.

    Args:
        depth: 50, 101, 152, 200 or 269.
        groups: Channel groups of the 3x3 convolutions.
        width_per_group: Channels of a group in the first stage.
        radix: Convolutions that compete in a block.
        reduction_factor: Channels over the inner width of the attention.
        avg_down_stride: Whether an average pooling has the stride of a block.
        kwargs: Other arguments of :class:`ResNetV1d`.

    Example:
        >>> model = MODELS.build(dict(type='ResNeSt', depth=50, radix=2))
        >>> model.feature_specs
        (FeatureSpec(channels=2048, stride=32),)
    """

    arch_settings: ClassVar[dict] = {
        50: (ResNeStBottleneck, (3, 4, 6, 3)),
        101: (ResNeStBottleneck, (3, 4, 23, 3)),
        152: (ResNeStBottleneck, (3, 8, 36, 3)),
        200: (ResNeStBottleneck, (3, 24, 36, 3)),
        269: (ResNeStBottleneck, (3, 30, 48, 8)),
    }

    def __init__(
        self,
        depth: int,
        groups: int = 1,
        width_per_group: int = 4,
        radix: int = 2,
        reduction_factor: int = 4,
        avg_down_stride: bool = True,
        **kwargs: Any,
    ) -> None:
        self.block_args = dict(
            groups=groups,
            width_per_group=width_per_group,
            radix=radix,
            reduction_factor=reduction_factor,
            avg_down_stride=avg_down_stride,
        )
        super().__init__(depth=depth, **kwargs)

    def make_res_layer(self, **kwargs: Any) -> nn.Module:
        """Build one stage."""
        return ResLayer(base_channels=self.base_channels, **self.block_args, **kwargs)
