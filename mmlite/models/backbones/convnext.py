"""ConvNeXt, V1 and V2.

Papers: A ConvNet for the 2020s, CVPR 2022, https://arxiv.org/abs/2201.03545;
ConvNeXt V2, CVPR 2023, https://arxiv.org/abs/2301.00808
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import (
    GRN,
    DropPath,
    LayerNorm2d,
    build_activation_layer,
    build_norm_layer,
    checkpointed,
)
from .archs import pick_arch
from .patch_stages import LAYER_NORM, PatchStages

__all__ = ['ConvNeXt', 'ConvNeXtBlock']

DW_CONV = dict(kernel_size=7, padding=3)
GELU = dict(type='GELU')
INIT = [
    dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02, bias=0.0),
    dict(type='Constant', layer=['LayerNorm'], val=1.0, bias=0.0),
]


class ConvNeXtBlock(BaseModule):
    """A depth-wise convolution, then two 1x1 ones on widened channels.

    Args:
        in_channels: Channels of input and output.
        dw_conv_cfg: Arguments of the depth-wise convolution.
        norm_cfg: Config of the norm.
        act_cfg: Config of the activation.
        mlp_ratio: Width inside over in_channels.
        linear_pw_conv: Whether the 1x1 convolutions are linear layers on
            channels-last maps, which is faster on most devices.
        drop_path_rate: Rate of stochastic depth, a fraction.
        layer_scale_init_value: Initial value of the factor on the branch; 0 has none.
        use_grn: Whether a ``GRN`` follows the activation (V2).
        with_cp: Whether to save memory by computing the block again in the backward
            pass.

    Example:
        >>> ConvNeXtBlock(8)(torch.zeros(1, 8, 7, 7)).shape
        torch.Size([1, 8, 7, 7])
    """

    def __init__(
        self,
        in_channels: int,
        dw_conv_cfg: Mapping[str, Any] = DW_CONV,
        norm_cfg: dict = LAYER_NORM,
        act_cfg: dict = GELU,
        mlp_ratio: float = 4.0,
        linear_pw_conv: bool = True,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        use_grn: bool = False,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.linear_pw_conv = linear_pw_conv
        inner = int(mlp_ratio * in_channels)
        pointwise = nn.Linear if linear_pw_conv else partial(nn.Conv2d, kernel_size=1)
        self.depthwise_conv = nn.Conv2d(
            in_channels, in_channels, groups=in_channels, **dw_conv_cfg
        )
        self.norm = build_norm_layer(norm_cfg, in_channels)[1]
        self.pointwise_conv1 = pointwise(in_channels, inner)
        self.act = build_activation_layer(act_cfg)
        self.pointwise_conv2 = pointwise(inner, in_channels)
        self.grn = GRN(inner) if use_grn else None
        self.gamma = None
        if layer_scale_init_value > 0:
            self.gamma = nn.Parameter(layer_scale_init_value * torch.ones(in_channels))
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        return checkpointed(self, self._block, x) if self.with_cp else self._block(x)

    def _block(self, x: Tensor) -> Tensor:
        out = self.depthwise_conv(x)
        out = self._last(out) if self.linear_pw_conv else self._first(out)
        if self.gamma is not None:
            out = out * self.gamma.view(-1, 1, 1)
        return x + self.drop_path(out)

    def _first(self, x: Tensor) -> Tensor:
        x = self.act(self.pointwise_conv1(self.norm(x)))
        return self.pointwise_conv2(x if self.grn is None else self.grn(x))

    def _last(self, x: Tensor) -> Tensor:
        """The same, with the channels last in between."""
        if isinstance(self.norm, LayerNorm2d):
            x = self.norm(x.permute(0, 2, 3, 1), data_format='channel_last')
        else:
            x = self.norm(x).permute(0, 2, 3, 1)
        x = self.act(self.pointwise_conv1(x))
        if self.grn is not None:
            x = self.grn(x, data_format='channel_last')
        return self.pointwise_conv2(x).permute(0, 3, 1, 2)


def _arch(depths: Sequence[int], width: int) -> dict[str, list[int]]:
    return dict(depths=list(depths), channels=[width * 2**i for i in range(4)])


@MODELS.register_module()
class ConvNeXt(PatchStages):
    """A ResNet made as modern as a transformer.

    V2 is ``use_grn=True`` with ``layer_scale_init_value=0``.

    Args:
        arch: ``'atto'``, ``'femto'``, ``'pico'``, ``'nano'``, ``'tiny'``,
            ``'small'``, ``'base'``, ``'large'``, ``'xlarge'`` or ``'huge'``, or
            a dict with ``depths`` and ``channels`` of each stage.
        in_channels: Channels of the image.
        stem_patch_size: Edge of a patch of the stem, in pixels.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        linear_pw_conv: See :class:`ConvNeXtBlock`.
        use_grn: See :class:`ConvNeXtBlock`.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        layer_scale_init_value: See :class:`ConvNeXtBlock`.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: How many stages keep their weights.
        gap_before_final_norm: Whether a stage that is returned is averaged
            before its norm, so that it is a vector.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C)`` per index, or ``(B, C, H / stride, W / stride)``
            without gap_before_final_norm; strides are 4, 8, 16, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='ConvNeXt', arch='atto'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 320])
    """

    arch_settings: ClassVar[dict[str, dict[str, list[int]]]] = {
        'atto': _arch((2, 2, 6, 2), 40),
        'femto': _arch((2, 2, 6, 2), 48),
        'pico': _arch((2, 2, 6, 2), 64),
        'nano': _arch((2, 2, 8, 2), 80),
        'tiny': _arch((3, 3, 9, 3), 96),
        'small': _arch((3, 3, 27, 3), 96),
        'base': _arch((3, 3, 27, 3), 128),
        'large': _arch((3, 3, 27, 3), 192),
        'xlarge': _arch((3, 3, 27, 3), 256),
        'huge': _arch((3, 3, 27, 3), 352),
    }

    def __init__(
        self,
        arch: str | dict[str, Sequence[int]] = 'tiny',
        in_channels: int = 3,
        stem_patch_size: int = 4,
        norm_cfg: dict = LAYER_NORM,
        act_cfg: dict = GELU,
        linear_pw_conv: bool = True,
        use_grn: bool = False,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = INIT,
    ) -> None:
        arch = pick_arch(arch, self.arch_settings)
        self.block_args = dict(
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            linear_pw_conv=linear_pw_conv,
            layer_scale_init_value=layer_scale_init_value,
            use_grn=use_grn,
            with_cp=with_cp,
        )
        super().__init__(
            arch['depths'],
            arch['channels'],
            in_channels=in_channels,
            stem_patch_size=stem_patch_size,
            norm_cfg=norm_cfg,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            gap_before_final_norm=gap_before_final_norm,
            init_cfg=init_cfg,
        )

    def make_block(self, stage: int, place: int, drop_path_rate: float) -> nn.Module:
        """Build a block."""
        return ConvNeXtBlock(
            self.channels[stage], drop_path_rate=drop_path_rate, **self.block_args
        )

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter's layer, and the number of layers.

        As in BEiT: the third stage counts one layer for three blocks.

        Args:
            param_name: Name of the parameter.
            prefix: What the names of this backbone's parameters start with.

        Example:
            >>> model = ConvNeXt('atto')
            >>> model.get_layer_depth('stages.2.5.gamma')
            (4, 8)
        """
        last = 12 if self.depths[-2] > 9 else 6
        if not param_name.startswith(prefix):
            return last + 1, last + 2
        part, stage, *rest = param_name[len(prefix) :].split('.')
        if part == 'downsample_layers':
            depth = (0, 2, 3, last)[int(stage)]
        elif part == 'stages':
            third = 3 + int(rest[0]) // 3
            depth = (1, 2, third, last)[int(stage)]
        else:
            depth = last + 1
        return depth, last + 2
