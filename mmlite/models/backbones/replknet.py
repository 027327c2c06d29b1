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
    build_norm_layer,
    checkpointed,
    drop_path_rates,
    switch_to_deploy,
)
from .archs import pick_arch
from .base_backbone import (
    CONV_INIT,
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)
from .replk_block import ConvFFN, RepLKBlock

__all__ = ['RepLKNet']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')


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
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        small_kernel_merged: Whether small kernels are part of the large ones
            from the start.
        norm_intermediate_features: Not used: what is returned is always normalised.
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
        self.arch = arch = pick_arch(arch, self.arch_settings)
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
        return self.frozen_stem_and_stages(('stem',), self.stages)

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
