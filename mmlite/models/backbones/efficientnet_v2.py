"""EfficientNetV2.

Paper: EfficientNetV2: Smaller Models and Faster Training, ICML 2021,
https://arxiv.org/abs/2104.00298
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import Sequential
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import (
    ConvModule,
    DropPath,
    EdgeResidual,
    InvertedResidual,
    drop_path_rates,
)
from .archs import pick_arch
from .efficientnet import BaseEfficientNet

__all__ = ['EfficientNetV2', 'EnhancedConvModule']


class EnhancedConvModule(ConvModule):
    """A ``ConvModule`` with a shortcut around it.

    Args:
        args: Arguments of ``ConvModule``.
        has_skip: Whether there is a shortcut.
        drop_path_rate: Rate of stochastic depth, a fraction.
        kwargs: More arguments of ``ConvModule``.

    Raises:
        ValueError: if a shortcut does not fit the shape.

    Example:
        >>> EnhancedConvModule(8, 8, 3, padding=1, has_skip=True).has_skip
        True
    """

    def __init__(
        self,
        *args: Any,
        has_skip: bool = False,
        drop_path_rate: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        keeps = self.in_channels == self.out_channels and self.conv.stride == (1, 1)
        if has_skip and not keeps:
            raise ValueError('has_skip=True needs equal widths and a stride of 1')
        self.has_skip = has_skip
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """The convolution of x, and x itself."""
        out = super().forward(x, **kwargs)
        return self.drop_path(out) + x if self.has_skip else out


# Repeats, kernel size, stride, expansion, width, ratio of excitation, kind of
# block: convolutions, fused blocks or inverted residuals.
CONV, FUSED, INVERTED = -1, 0, 1
_Layers = tuple[tuple[int, int, int, int, int, float, int], ...]


def _arch(
    depths: Sequence[int], widths: Sequence[int], stem: int, last: int = 1280
) -> dict[str, Any]:
    """A stem, and six layers, or seven in the larger networks."""
    kinds = (
        (3, 1, 1, 0.0, CONV),
        (3, 2, 4, 0.0, FUSED),
        (3, 2, 4, 0.0, FUSED),
        (3, 2, 4, 0.25, INVERTED),
        (3, 1, 6, 0.25, INVERTED),
        (3, 2, 6, 0.25, INVERTED),
        (3, 1, 6, 0.25, INVERTED),
    )
    layers = tuple(
        (depth, kernel, stride, ratio, width, se, kind)
        for depth, width, (kernel, stride, ratio, se, kind) in zip(
            depths, widths, kinds, strict=False
        )
    )
    return dict(stem=stem, layers=layers, last=last)


_S = _arch((2, 4, 4, 6, 9, 15), (24, 48, 64, 128, 160, 256), 24)
_M = _arch((3, 5, 5, 7, 14, 18, 5), (24, 48, 80, 160, 176, 304, 512), 24)
_L = _arch((4, 7, 7, 10, 19, 25, 7), (32, 64, 96, 192, 224, 384, 640), 32)


@MODELS.register_module()
class EfficientNetV2(BaseEfficientNet):
    """EfficientNet with fused blocks where maps are large.

    Args:
        arch: ``'small'``, ``'medium'``, ``'large'`` (or ``'s'``, ``'m'``, ``'l'``),
            ``'xl'``, or ``'b0'`` to ``'b3'``.
        in_channels: Channels of the image.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        out_indices: Which layers are returned, 0 for the stem; negative
            numbers count from the last convolution.
        frozen_stages: How many layers keep weights and statistics.
        kwargs: ``conv_cfg``, ``norm_cfg``, ``act_cfg``, ``norm_eval``,
            ``with_cp`` and ``init_cfg`` of ``BaseEfficientNet``.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            2, 2, 4, 8, 16, 16, 32, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='EfficientNetV2', arch='b0'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1280, 2, 2])
    """

    arch_settings: ClassVar[dict[str, dict[str, Any]]] = {
        **dict.fromkeys(('small', 's'), _S),
        **dict.fromkeys(('m', 'medium'), _M),
        **dict.fromkeys(('l', 'large'), _L),
        'xl': _arch((4, 8, 8, 16, 24, 32, 8), (32, 64, 96, 192, 256, 512, 640), 32),
        'b0': _arch((1, 2, 2, 3, 5, 8), (16, 32, 48, 96, 112, 192), 32),
        'b1': _arch((2, 3, 3, 4, 6, 9), (16, 32, 48, 96, 112, 192), 32),
        'b2': _arch((2, 3, 3, 4, 6, 10), (16, 32, 56, 104, 120, 208), 32, 1408),
        'b3': _arch((2, 3, 3, 5, 7, 12), (16, 40, 56, 112, 136, 232), 40, 1536),
    }

    def __init__(
        self,
        arch: str = 's',
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = (-1,),
        frozen_stages: int = 0,
        **kwargs: Any,
    ) -> None:
        self.arch = pick_arch(arch, self.arch_settings)
        self.in_channels = in_channels
        self.drop_path_rate = drop_path_rate
        super().__init__(out_indices, frozen_stages, **kwargs)

    def make_layers(self) -> None:
        """Add the stem, the layers of blocks, and the last convolution."""
        cfgs = dict(norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
        channels = self.arch['stem']
        stem = ConvModule(
            self.in_channels, channels, 3, stride=2, conv_cfg=self.conv_cfg, **cfgs
        )
        self.add_layer(stem, channels, 2)
        layers: _Layers = self.arch['layers']
        rates = drop_path_rates(self.drop_path_rate, [layer[0] for layer in layers])
        for (_, *setting), layer_rates in zip(layers, rates, strict=True):
            blocks = []
            for i, rate in enumerate(layer_rates):
                blocks.append(self._block(channels, setting, i == 0, rate, cfgs))
                channels = setting[3]
            self.add_layer(Sequential(*blocks), channels, setting[1])
        self.out_channels = self.arch['last']
        last = ConvModule(
            channels, self.out_channels, 1, conv_cfg=self.conv_cfg, **cfgs
        )
        self.add_layer(last, self.out_channels, 1)

    def _block(
        self, channels: int, setting: Sequence, first: bool, rate: float, cfgs: dict
    ) -> nn.Module:
        kernel_size, stride, ratio, width, se_ratio, kind = setting
        stride = stride if first else 1
        if kind == CONV:
            has_skip = stride == 1 and channels == width
            return EnhancedConvModule(
                channels,
                width,
                kernel_size,
                stride=stride,
                padding=1,
                has_skip=has_skip,
                drop_path_rate=rate if has_skip else 0.0,
                **cfgs,
            )
        inner = channels * ratio
        return (EdgeResidual if kind == FUSED else InvertedResidual)(
            channels,
            width,
            inner,
            kernel_size,
            stride=stride,
            se_cfg=self.excitation(inner, ratio / se_ratio if se_ratio else 0),
            conv_cfg=self.conv_cfg if stride == 2 else None,
            drop_path_rate=rate,
            with_cp=self.with_cp,
            **cfgs,
        )
