"""The blocks that ResNets are made of.

Paper: Deep Residual Learning for Image Recognition, CVPR 2016,
https://arxiv.org/abs/1512.03385
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_at_least, check_choice
from .activation import build_activation_layer
from .checkpoint import checkpointed
from .conv import build_conv_layer
from .drop import DropPath
from .norm import build_norm_layer

__all__ = ['BasicBlock', 'Bottleneck', 'ResLayer', 'ResidualBlock', 'get_expansion']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU', inplace=True)


class ResidualBlock(BaseModule):
    """A shortcut around a branch of convolutions, and an activation after both.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        expansion: ``out_channels`` over the width inside; ``None`` is the
            class's own.
        stride: In pixels.
        dilation: In pixels.
        downsample: What the shortcut does; ``None`` is nothing.
        style: Which convolution of a :class:`Bottleneck` has the stride: the
            3x3 one for ``'pytorch'``, the first for ``'caffe'``.
        with_cp: Whether to save memory by computing the branch twice.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        drop_path_rate: Stochastic depth, a fraction.
        act_cfg: Config of the activations.
        init_cfg: Config of the initialisation.

    Override:
        make_branch: builds the convolutions and norms.
        branch: calls them.
        last_norm: the norm that ``zero_init_residual`` sets to zero.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: ``(B, out_channels, H / stride, W / stride)``.
    """

    default_expansion: ClassVar[int] = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int | None = None,
        stride: int = 1,
        dilation: int = 1,
        downsample: nn.Module | None = None,
        style: Literal['pytorch', 'caffe'] = 'pytorch',
        with_cp: bool = False,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        drop_path_rate: float = 0.0,
        act_cfg: dict = RELU,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        expansion = get_expansion(type(self), expansion)
        if out_channels % expansion:
            raise ValueError(
                f'out_channels={out_channels} is not a multiple of '
                f'expansion={expansion}'
            )
        check_choice(('pytorch', 'caffe'), style=style)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.expansion = expansion
        self.mid_channels = out_channels // expansion
        self.stride = stride
        self.dilation = dilation
        self.style = style
        self.with_cp = with_cp
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.make_branch()
        self.relu = build_activation_layer(act_cfg)
        self.downsample = downsample
        self.drop_path = DropPath(drop_path_rate)

    @abstractmethod
    def make_branch(self) -> None:
        """Add the convolutions and norms, before all else in the state dict."""

    def _add_conv(
        self, index: int, in_channels: int, out_channels: int, **kwargs: Any
    ) -> None:
        """Add ``conv1`` and a norm, e.g. ``bn1``, whose name is ``norm1_name``."""
        conv = build_conv_layer(
            self.conv_cfg, in_channels, out_channels, bias=False, **kwargs
        )
        name, norm = build_norm_layer(self.norm_cfg, out_channels, postfix=index)
        self.add_module(f'conv{index}', conv)
        self.add_module(name, norm)
        setattr(self, f'norm{index}_name', name)

    @property
    def norm1(self) -> nn.Module:
        """The norm after the first convolution."""
        return getattr(self, self.norm1_name)

    @property
    def norm2(self) -> nn.Module:
        """The norm after the second convolution."""
        return getattr(self, self.norm2_name)

    @property
    @abstractmethod
    def last_norm(self) -> nn.Module:
        """The norm at the end of the branch."""

    @abstractmethod
    def branch(self, x: Tensor) -> Tensor:
        """What is added to the shortcut, before stochastic depth."""

    def forward(self, x: Tensor) -> Tensor:
        """Activation of shortcut plus branch."""
        out = checkpointed(self, self._sum, x) if self.with_cp else self._sum(x)
        return self.relu(out)

    def _sum(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        return self.drop_path(self.branch(x)) + identity


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions, for ResNet-18 and -34.

    Arguments are those of :class:`ResidualBlock`.

    Example:
        >>> from mmlite.models.layers import BasicBlock
        >>> BasicBlock(8, 8)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 8, 4, 4])
    """

    def make_branch(self) -> None:
        """Add two convolutions, the first with the stride."""
        self._add_conv(
            1,
            self.in_channels,
            self.mid_channels,
            kernel_size=3,
            stride=self.stride,
            padding=self.dilation,
            dilation=self.dilation,
        )
        self._add_conv(
            2, self.mid_channels, self.out_channels, kernel_size=3, padding=1
        )

    @property
    def last_norm(self) -> nn.Module:
        """The second norm."""
        return self.norm2

    def branch(self, x: Tensor) -> Tensor:
        """Two convolutions, each with its norm."""
        x = self.relu(self.norm1(self.conv1(x)))
        return self.norm2(self.conv2(x))


class Bottleneck(ResidualBlock):
    """A 3x3 convolution between two 1x1 ones, for ResNet-50 and deeper.

    Other arguments are those of :class:`ResidualBlock`.

    Override:
        make_middle: builds the 3x3 convolution.
        middle: calls it.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        groups: Channel groups of the 3x3 convolution.
        mid_channels: Width inside; ``None`` is ``out_channels / expansion``.
        kwargs: See above.

    Example:
        >>> from mmlite.models.layers import Bottleneck
        >>> Bottleneck(8, 8)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 8, 4, 4])
    """

    default_expansion = 4

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int = 1,
        mid_channels: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.groups = groups
        self._mid_channels = mid_channels
        super().__init__(in_channels, out_channels, **kwargs)

    def make_branch(self) -> None:
        """Add three convolutions, of which style says which has the stride."""
        if self._mid_channels is not None:
            self.mid_channels = self._mid_channels
        first, second = (
            (1, self.stride) if self.style == 'pytorch' else (self.stride, 1)
        )
        self._add_conv(
            1, self.in_channels, self.mid_channels, kernel_size=1, stride=first
        )
        self.make_middle(second)
        self._add_conv(3, self.mid_channels, self.out_channels, kernel_size=1)

    def make_middle(self, stride: int) -> None:
        """Add the 3x3 convolution."""
        self._add_conv(
            2,
            self.mid_channels,
            self.mid_channels,
            kernel_size=3,
            stride=stride,
            padding=self.dilation,
            dilation=self.dilation,
            groups=self.groups,
        )

    @property
    def norm3(self) -> nn.Module:
        """The norm after the third convolution."""
        return getattr(self, self.norm3_name)

    @property
    def last_norm(self) -> nn.Module:
        """The third norm."""
        return self.norm3

    def branch(self, x: Tensor) -> Tensor:
        """Three convolutions, each with its norm."""
        x = self.relu(self.norm1(self.conv1(x)))
        x = self.middle(x)
        return self.norm3(self.conv3(x))

    def middle(self, x: Tensor) -> Tensor:
        """The 3x3 convolution, its norm and activation."""
        return self.relu(self.norm2(self.conv2(x)))


def get_expansion(block: type[ResidualBlock], expansion: int | None = None) -> int:
    """``expansion``, or the block's own if it is ``None``.

    Raises:
        ValueError: if it is not positive.

    Example:
        >>> from mmlite.models.layers import Bottleneck
        >>> get_expansion(Bottleneck)
        4
    """
    if expansion is None:
        return block.default_expansion
    check_at_least(1, expansion=expansion)
    return expansion


class ResLayer(nn.Sequential):
    """One stage: blocks in a row, of which the first changes width and size.

    Override:
        block_arguments: what a block is given beside what all have.

    Args:
        block: Class of the blocks.
        num_blocks: How many.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        expansion: See :class:`ResidualBlock`.
        stride: Of the first block, in pixels.
        avg_down: Whether the shortcut averages, instead of dropping pixels.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        drop_path_rate: Stochastic depth, a fraction, or one for each block.
        kwargs: Further arguments of the blocks.

    Raises:
        ValueError: if there are not as many drop rates as blocks.

    Example:
        >>> stage = ResLayer(BasicBlock, 2, 8, 16, stride=2)
        >>> stage(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 16, 2, 2])
    """

    def __init__(
        self,
        block: type[ResidualBlock],
        num_blocks: int,
        in_channels: int,
        out_channels: int,
        expansion: int | None = None,
        stride: int = 1,
        avg_down: bool = False,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        drop_path_rate: float | Sequence[float] = 0.0,
        **kwargs: Any,
    ) -> None:
        rates = drop_path_rate
        if isinstance(rates, (int, float)):
            rates = [rates] * num_blocks
        if len(rates) != num_blocks:
            raise ValueError(
                f'{num_blocks} blocks need as many drop_path_rate, got {len(rates)}'
            )
        downsample = None
        if stride != 1 or in_channels != out_channels:
            downsample = self._downsample(
                in_channels, out_channels, stride, avg_down, conv_cfg, norm_cfg
            )
        blocks = [
            block(
                in_channels=out_channels if i else in_channels,
                out_channels=out_channels,
                expansion=expansion,
                stride=1 if i else stride,
                downsample=None if i else downsample,
                conv_cfg=conv_cfg,
                norm_cfg=norm_cfg,
                drop_path_rate=rates[i],
                **self.block_arguments(i),
                **kwargs,
            )
            for i in range(num_blocks)
        ]
        super().__init__(*blocks)
        self.out_channels = out_channels

    @staticmethod
    def block_arguments(index: int) -> dict[str, Any]:
        """What a block is given beside what all have."""
        return {}

    @staticmethod
    def _downsample(
        in_channels: int,
        out_channels: int,
        stride: int,
        avg_down: bool,
        conv_cfg: dict | None,
        norm_cfg: dict,
    ) -> nn.Sequential:
        layers: list[nn.Module] = []
        if avg_down and stride != 1:
            layers.append(nn.AvgPool2d(stride, ceil_mode=True))
            stride = 1
        conv = build_conv_layer(
            conv_cfg,
            in_channels,
            out_channels,
            kernel_size=1,
            stride=stride,
            bias=False,
        )
        return nn.Sequential(*layers, conv, build_norm_layer(norm_cfg, out_channels)[1])
