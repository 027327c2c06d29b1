"""RepLKNet.

Paper: Scaling Up Your Kernels to 31x31: Revisiting Large Kernel Design in CNNs,
CVPR 2022, https://arxiv.org/abs/2203.06717
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    ConvModule,
    DropPath,
    ReparamBlock,
    build_activation_layer,
    build_norm_layer,
    checkpointed,
    drop_path_rates,
    switch_to_deploy,
)
from .base_backbone import (
    CONV_INIT,
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    take_arch,
)

__all__ = ['ConvFFN', 'RepLKBlock', 'RepLKNet', 'ReparamLargeKernelConv']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')
GELU = dict(type='GELU')


class ReparamLargeKernelConv(ReparamBlock):
    """A convolution of large kernel, beside it one of small kernel in training.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Of the large kernel, in pixels.
        stride: In pixels.
        groups: Channel groups.
        small_kernel: Of the small one; ``None`` has none.
        small_kernel_merged: Whether both are one from the start.
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
        drop_path: Stochastic depth, a fraction.
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
        block_lk_size: Of the large kernel, in pixels.
        small_kernel: See :class:`ReparamLargeKernelConv`.
        drop_path: Stochastic depth, a fraction.
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


class _Stage(BaseModule):
    """Blocks of large kernel and feed-forward networks in turn."""

    def __init__(self, blocks: Sequence[nn.Module], norm: nn.Module, with_cp: bool):
        super().__init__()
        self.with_cp = with_cp
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = checkpointed(block, block, x) if self.with_cp else block(x)
        return x


def _arch(
    kernels: Sequence[int], width: int, small_kernel: int | None, dw_ratio: float
) -> dict[str, Any]:
    return dict(
        large_kernel_sizes=list(kernels),
        layers=[2, 2, 18, 2],
        channels=[width * 2**i for i in range(4)],
        small_kernel=small_kernel,
        dw_ratio=dw_ratio,
    )


@MODELS.register_module()
class RepLKNet(BaseBackbone):
    """Stages of depth-wise convolutions with kernels of up to 31 pixels.

    Args:
        arch: ``'31B'``, ``'31L'`` or ``'XL'``, or a dict with
            ``large_kernel_sizes``, ``layers`` and ``channels`` of each stage,
            ``small_kernel`` and ``dw_ratio``.
        in_channels: Channels of the image.
        ffn_ratio: Width of the feed-forward networks over that of the stage.
        out_indices: Which stages are returned, counted from 0.
        strides: Not used, as in mmpretrain.
        dilations: Not used, as in mmpretrain.
        frozen_stages: How many stages keep weights and statistics, beside the
            stem; 0 is the stem alone, -1 nothing.
        conv_cfg: Not used, as in mmpretrain.
        norm_cfg: Config of the norms.
        act_cfg: Not used, as in mmpretrain.
        with_cp: Whether to save memory by computing each block twice.
        drop_path_rate: Stochastic depth of the last block, a fraction; it
            grows from 0.
        small_kernel_merged: Whether small kernels are part of the large ones
            from the start.
        norm_intermediate_features: Not used: what is returned is normalised.
        norm_eval: Whether batch norms keep their statistics in training.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> arch = dict(large_kernel_sizes=[7, 5], layers=[1, 1], channels=[8, 16],
        ...             small_kernel=3, dw_ratio=1)
        >>> model = MODELS.build(dict(
        ...     type='RepLKNet', arch=arch, out_indices=(1, ), strides=(2, 2),
        ...     dilations=(1, 1)))
        >>> model(torch.zeros(2, 3, 32, 32))[0].shape
        torch.Size([2, 16, 4, 4])
    """

    arch_settings: ClassVar[dict[str, dict[str, Any]]] = {
        '31B': _arch((31, 29, 27, 13), 128, 5, 1),
        '31L': _arch((31, 29, 27, 13), 192, 5, 1),
        'XL': _arch((27, 27, 27, 13), 256, None, 1.5),
    }

    def __init__(
        self,
        arch: str | dict[str, Any],
        in_channels: int = 3,
        ffn_ratio: float = 4,
        out_indices: int | Sequence[int] = (3,),
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        with_cp: bool = False,
        drop_path_rate: float = 0.3,
        small_kernel_merged: bool = False,
        norm_intermediate_features: bool = False,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = CONV_INIT,
    ) -> None:
        super().__init__(init_cfg)
        keys = ('large_kernel_sizes', 'layers', 'channels', 'small_kernel', 'dw_ratio')
        self.arch = arch = take_arch(arch, self.arch_settings, keys)
        self.num_stages = len(arch['layers'])
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages)
        self.norm_eval = norm_eval
        self.norm_cfg = norm_cfg
        self.with_cp = with_cp
        self.small_kernel_merged = small_kernel_merged
        widths = arch['channels']
        first = widths[0]
        self.stem = nn.ModuleList(
            [
                self._conv(in_channels, first, 3, 2),
                self._conv(first, first, 3, 1, first),
                self._conv(first, first, 1),
                self._conv(first, first, 3, 2, first),
            ]
        )
        self.stages = nn.ModuleList()
        self.transitions = nn.ModuleList()
        rates = drop_path_rates(drop_path_rate, arch['layers'])
        for i, width in enumerate(widths):
            self.stages.append(self._stage(i, width, rates[i], ffn_ratio))
            if i < self.num_stages - 1:
                wider = widths[i + 1]
                self.transitions.append(
                    nn.Sequential(
                        self._conv(width, wider, 1),
                        self._conv(wider, wider, 3, 2, wider),
                    )
                )
        self.freeze_parts()

    def _conv(
        self, in_channels: int, width: int, size: int, stride: int = 1, groups: int = 1
    ) -> ConvModule:
        return ConvModule(
            in_channels,
            width,
            size,
            stride=stride,
            padding=size // 2,
            groups=groups,
            norm_cfg=self.norm_cfg,
        )

    def _stage(
        self, index: int, width: int, rates: Sequence[float], ffn_ratio: float
    ) -> nn.Module:
        blocks: list[nn.Module] = []
        for rate in rates:
            blocks += [
                RepLKBlock(
                    width,
                    int(width * self.arch['dw_ratio']),
                    self.arch['large_kernel_sizes'][index],
                    self.arch['small_kernel'],
                    rate,
                    self.small_kernel_merged,
                    norm_cfg=self.norm_cfg,
                ),
                ConvFFN(
                    width, int(width * ffn_ratio), width, rate, norm_cfg=self.norm_cfg
                ),
            ]
        norm = nn.Identity()
        if index in self.out_indices:
            norm = build_norm_layer(self.norm_cfg, width)[1]
        return _Stage(blocks, norm, self.with_cp)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        widths = self.arch['channels']
        return tuple(FeatureSpec(widths[i], 4 * 2**i) for i in self.out_indices)

    def frozen_parts(self) -> list[nn.Module]:
        """The stem, and as many stages as frozen_stages says."""
        if self.frozen_stages < 0:
            return []
        return [self.stem, *self.stages[: self.frozen_stages]]

    def switch_to_deploy(self) -> None:
        """Make small kernels a part of the large ones, for good."""
        switch_to_deploy(self)
        self.small_kernel_merged = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        for layer in self.stem:
            x = layer(x)
        outs = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.out_indices:
                outs.append(stage.norm(x))
            if i < self.num_stages - 1:
                x = self.transitions[i](x)
        return tuple(outs)
