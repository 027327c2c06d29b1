"""RegNet.

Paper: Designing Network Design Spaces, CVPR 2020,
https://arxiv.org/abs/2003.13678
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, ClassVar, Literal

import numpy as np
from torch import Tensor

from ...registry import MODELS
from ..layers import ResidualBlock, build_conv_layer
from .archs import pick_arch
from .resnet import BATCH_NORM, ResNet
from .resnext import ResNeXtBottleneck

__all__ = ['RegNet']


def _arch(w0: int, wa: float, wm: float, group_w: int, depth: int) -> dict[str, Any]:
    return dict(w0=w0, wa=wa, wm=wm, group_w=group_w, depth=depth, bot_mul=1.0)


@MODELS.register_module()
class RegNet(ResNet):
    """ResNeXt whose widths and depths follow from a line.

    Args:
        arch: ``'regnetx_400mf'``, ``'regnetx_800mf'``, ``'regnetx_1.6gf'``,
            ``'regnetx_3.2gf'``, ``'regnetx_4.0gf'``, ``'regnetx_6.4gf'``,
            ``'regnetx_8.0gf'`` or ``'regnetx_12gf'``; or a dict: the width of block
            number i is ``w0 + wa * i``, rounded to ``w0 * wm ** k``; ``depth`` is the
            number of blocks, ``group_w`` the channels of a group, ``bot_mul`` the inner
            over the outer width.
        in_channels: Channels of the image.
        stem_channels: Width of the stem.
        base_channels: Not used; it is there because ``ResNet`` has it.
        strides: Stride of each stage, in pixels.
        dilations: Dilation of each stage, in pixels.
        out_indices: Which stages are returned, counted from 0.
        style: See :class:`ResNet`.
        deep_stem: Only ``False`` is possible.
        avg_down: See :class:`ResNet`.
        frozen_stages: See :class:`ResNet`.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        zero_init_residual: Whether every block starts as its shortcut alone.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32.

    Raises:
        ValueError: if arch is unknown, or deep_stem is true, and as
            :class:`ResNet`.

    Example:
        >>> model = MODELS.build(dict(type='RegNet', arch='regnetx_400mf'))
        >>> model.feature_specs
        (FeatureSpec(channels=384, stride=32),)
    """

    arch_settings: ClassVar[dict[str, dict[str, Any]]] = {
        'regnetx_400mf': _arch(24, 24.48, 2.54, 16, 22),
        'regnetx_800mf': _arch(56, 35.73, 2.28, 16, 16),
        'regnetx_1.6gf': _arch(80, 34.01, 2.25, 24, 18),
        'regnetx_3.2gf': _arch(88, 26.31, 2.25, 48, 25),
        'regnetx_4.0gf': _arch(96, 38.65, 2.43, 40, 23),
        'regnetx_6.4gf': _arch(184, 60.83, 2.07, 56, 17),
        'regnetx_8.0gf': _arch(80, 49.56, 2.88, 120, 23),
        'regnetx_12gf': _arch(168, 73.36, 2.37, 112, 19),
    }

    def __init__(
        self,
        arch: str | dict[str, Any],
        in_channels: int = 3,
        stem_channels: int = 32,
        base_channels: int = 32,
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        out_indices: int | Sequence[int] = (3,),
        style: Literal['pytorch', 'caffe'] = 'pytorch',
        deep_stem: bool = False,
        avg_down: bool = False,
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if deep_stem:
            raise ValueError('deep_stem=True is not possible with RegNet; remove it')
        arch = pick_arch(arch, self.arch_settings)
        self.bottleneck_ratio = arch['bot_mul']
        widths = _widths(arch['w0'], arch['wa'], arch['wm'], arch['depth'])
        stages = [(width, len(list(same))) for width, same in groupby(widths)]
        self.stage_widths, self.group_widths = zip(
            *(self._whole_groups(width, arch['group_w']) for width, _ in stages),
            strict=True,
        )
        self._depths = tuple(depth for _, depth in stages)
        super().__init__(
            arch['depth'],
            in_channels=in_channels,
            stem_channels=stem_channels,
            base_channels=base_channels,
            num_stages=len(stages),
            strides=strides,
            dilations=dilations,
            out_indices=out_indices,
            style=style,
            avg_down=avg_down,
            frozen_stages=frozen_stages,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            norm_eval=norm_eval,
            with_cp=with_cp,
            zero_init_residual=zero_init_residual,
            init_cfg=init_cfg,
        )

    def _whole_groups(self, width: int, group_width: int) -> tuple[int, int]:
        """The nearest width that has groups without a rest, and theirs."""
        inner = int(width * self.bottleneck_ratio)
        group_width = min(group_width, inner)
        inner = int(round(inner / group_width) * group_width)
        return int(inner / self.bottleneck_ratio), group_width

    def _settings_of(self, depth: int) -> tuple[type[ResidualBlock], Sequence[int]]:
        return ResNeXtBottleneck, self._depths

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        self.conv1 = build_conv_layer(
            self.conv_cfg,
            in_channels,
            stem_channels,
            kernel_size=3,
            stride=2,
            padding=1,
            bias=False,
        )
        self._add_stem_norm(stem_channels)

    def _make_stages(self) -> None:
        in_channels = self.stem_channels
        for i, width in enumerate(self.stage_widths):
            inner = int(round(width * self.bottleneck_ratio))
            stage = self.make_res_layer(
                block=self.block,
                num_blocks=self.stage_blocks[i],
                in_channels=in_channels,
                out_channels=width,
                expansion=1,
                stride=self.strides[i],
                dilation=self.dilations[i],
                style=self.style,
                avg_down=self.avg_down,
                with_cp=self.with_cp,
                conv_cfg=self.conv_cfg,
                norm_cfg=self.norm_cfg,
                base_channels=width,
                groups=inner // self.group_widths[i],
                width_per_group=self.group_widths[i],
            )
            self._add_stage(stage, width)
            in_channels = width

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        return self._forward_stages(self.relu(self.norm1(self.conv1(x))))


def _widths(w0: int, wa: float, wm: float, depth: int, divisor: int = 8) -> list[int]:
    """Width of every block: a line, rounded to powers and to the divisor."""
    line = np.arange(depth) * wa + w0
    power = np.round(np.log(line / w0) / np.log(wm))
    widths = np.round(w0 * np.power(wm, power) / divisor) * divisor
    return widths.astype(int).tolist()
