"""The blocks of RepLKNet."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor

from ..layers import (
    ConvModule,
    DropPath,
    ReparamBlock,
    build_activation_layer,
    build_norm_layer,
)

__all__ = ['ConvFFN', 'RepLKBlock', 'ReparamLargeKernelConv']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')
GELU = dict(type='GELU')


class ReparamLargeKernelConv(ReparamBlock):
    """A convolution of large kernel, beside it one of small kernel in training.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Edge of the large kernel, in pixels.
        stride: In pixels.
        groups: Channel groups.
        small_kernel: Edge of the small kernel, in pixels; ``None`` has none.
        small_kernel_merged: Whether the small kernel is part of the large one from the
            start.
        norm_cfg: Config of the norms.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: if the small kernel is larger than the large one.

    Example:
        >>> conv = ReparamLargeKernelConv(8, 8, 7, 1, 8, small_kernel=3).eval()
        >>> x = torch.randn(1, 8, 9, 9)
        >>> before = conv(x)
        >>> conv.switch_to_deploy()
        >>> torch.allclose(conv(x), before, atol=1e-5)
        True
    """

    branch_names = ('lkb_origin', 'small_conv')
    reparam_name = 'lkb_reparam'

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        groups: int,
        small_kernel: int | None,
        small_kernel_merged: bool = False,
        norm_cfg: dict = BATCH_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if small_kernel is not None and small_kernel > kernel_size:
            raise ValueError(
                f'small_kernel={small_kernel} is larger than kernel_size={kernel_size}'
            )
        self.small_kernel = small_kernel
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=groups,
            norm_cfg=norm_cfg,
            deploy=small_kernel_merged,
            init_cfg=init_cfg,
        )

    def make_branches(self) -> None:
        """Add both convolutions."""
        self.lkb_origin = self._branch(self.kernel_size)
        self.small_conv = None
        if self.small_kernel is not None:
            self.small_conv = self._branch(self.small_kernel)

    def _branch(self, kernel_size: int) -> ConvModule:
        return ConvModule(
            self.in_channels,
            self.out_channels,
            kernel_size,
            stride=self.stride,
            padding=kernel_size // 2,
            groups=self.groups,
            norm_cfg=self.norm_cfg,
            act_cfg=None,
        )

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both."""
        return self.linear(x)


class ConvFFN(BaseModule):
    """A feed-forward network of 1x1 convolutions, with a shortcut.

    Args:
        in_channels: Channels of the input.
        internal_channels: Width in between.
        out_channels: Channels of the output, as many as of the input.
        drop_path: Rate of stochastic depth, a fraction.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation.
        init_cfg: Config of the initialisation.

    Example:
        >>> ConvFFN(8, 16, 8, 0.0)(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        internal_channels: int,
        out_channels: int,
        drop_path: float,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = GELU,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        linear = dict(norm_cfg=norm_cfg, act_cfg=None)
        self.drop_path = DropPath(drop_path)
        self.preffn_bn = build_norm_layer(norm_cfg, in_channels)[1]
        self.pw1 = ConvModule(in_channels, internal_channels, 1, **linear)
        self.pw2 = ConvModule(internal_channels, out_channels, 1, **linear)
        self.nonlinear = build_activation_layer(act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        out = self.pw2(self.nonlinear(self.pw1(self.preffn_bn(x))))
        return x + self.drop_path(out)


class RepLKBlock(BaseModule):
    """A :class:`ReparamLargeKernelConv` between 1x1 ones, with a shortcut.

    Args:
        in_channels: Channels of input and output.
        dw_channels: Width in between.
        block_lk_size: Edge of the large kernel, in pixels.
        small_kernel: See :class:`ReparamLargeKernelConv`.
        drop_path: Rate of stochastic depth, a fraction.
        small_kernel_merged: See :class:`ReparamLargeKernelConv`.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation behind the large kernel.
        init_cfg: Config of the initialisation.

    Example:
        >>> RepLKBlock(8, 8, 7, 3, 0.0)(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        dw_channels: int,
        block_lk_size: int,
        small_kernel: int | None,
        drop_path: float,
        small_kernel_merged: bool = False,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pw1 = ConvModule(in_channels, dw_channels, 1, norm_cfg=norm_cfg)
        self.pw2 = ConvModule(
            dw_channels, in_channels, 1, norm_cfg=norm_cfg, act_cfg=None
        )
        self.large_kernel = ReparamLargeKernelConv(
            dw_channels,
            dw_channels,
            block_lk_size,
            stride=1,
            groups=dw_channels,
            small_kernel=small_kernel,
            small_kernel_merged=small_kernel_merged,
            norm_cfg=norm_cfg,
        )
        self.lk_nonlinear = build_activation_layer(act_cfg)
        self.prelkb_bn = build_norm_layer(norm_cfg, in_channels)[1]
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        out = self.large_kernel(self.pw1(self.prelkb_bn(x)))
        return x + self.drop_path(self.pw2(self.lk_nonlinear(out)))
