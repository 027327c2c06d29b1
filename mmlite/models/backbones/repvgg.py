"""RepVGG.

Paper: RepVGG: Making VGG-style ConvNets Great Again, CVPR 2021,
https://arxiv.org/abs/2101.03697
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    ConvModule,
    ReparamBlock,
    SELayer,
    build_activation_layer,
    checkpointed,
    switch_to_deploy,
)
from .archs import check_lengths, pick_arch
from .base_backbone import (
    CONV_INIT,
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)

__all__ = ['MTSPPF', 'RepVGG', 'RepVGGBlock']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')


class RepVGGBlock(ReparamBlock):
    """A 3x3 convolution, beside it a 1x1 one and the identity in training.

    Other arguments are those of ``ReparamBlock``.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        se_cfg: Arguments of an ``SELayer`` behind the sum; ``None`` has none.
        with_cp: Whether to save memory by computing the block again in the backward
            pass.
        act_cfg: Config of the activation.
        kwargs: Further arguments of ``ReparamBlock``.

    Example:
        >>> block = RepVGGBlock(8, 8).eval()
        >>> x = torch.randn(1, 8, 4, 4)
        >>> before = block(x)
        >>> block.switch_to_deploy()
        >>> torch.allclose(block(x), before, atol=1e-5)
        True
    """

    branch_names = ('branch_norm', 'branch_3x3', 'branch_1x1')

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        se_cfg: dict | None = None,
        with_cp: bool = False,
        act_cfg: dict = RELU,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, **kwargs)
        self.with_cp = with_cp
        self.se_layer = None if se_cfg is None else SELayer(out_channels, **se_cfg)
        self.act = build_activation_layer(act_cfg)

    def make_branches(self) -> None:
        """Add the three branches."""
        same = self.padding == self.dilation
        self.branch_norm = self.identity_norm() if same else None
        self.branch_3x3 = self.conv_norm(3, self.padding, self.dilation)
        self.branch_1x1 = self.conv_norm(1)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        return self.act(
            checkpointed(self, self._sum, x) if self.with_cp else self._sum(x)
        )

    def _sum(self, x: Tensor) -> Tensor:
        x = self.linear(x)
        return x if self.se_layer is None else self.se_layer(x)


class MTSPPF(BaseModule):
    """Poolings of growing reach, side by side, as YOLOX-PAI has.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        kernel_size: Edge of the pooling window, in pixels; the pooling is done once,
            twice and three times.

    Example:
        >>> MTSPPF(8, 8)(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        kernel_size: int = 5,
    ) -> None:
        super().__init__()
        inner = in_channels // 2
        cfgs = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.conv1 = ConvModule(in_channels, inner, 1, **cfgs)
        self.conv2 = ConvModule(inner * 4, out_channels, 1, **cfgs)
        self.maxpool = nn.MaxPool2d(kernel_size, stride=1, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        """The poolings of x, joined."""
        maps = [self.conv1(x)]
        for _ in range(3):
            maps.append(self.maxpool(maps[-1]))
        return self.conv2(torch.cat(maps, dim=1))


def _arch(
    num_blocks: Sequence[int],
    width_factor: Sequence[float],
    groups: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    every_other = dict.fromkeys(range(2, 27, 2), groups)
    return dict(
        num_blocks=num_blocks,
        width_factor=width_factor,
        group_layer_map=every_other if groups else None,
        se_cfg=None,
    ) | dict(more)


_A, _B = (2, 4, 14, 1), (4, 6, 16, 1)


@MODELS.register_module()
class RepVGG(BaseBackbone):
    """A plain stack of 3x3 convolutions, once its branches are fused.

    Args:
        arch: ``'A0'`` to ``'A2'``, ``'B0'`` to ``'B3'`` (``'B1g2'`` has 2
            groups in every other layer, ``g4`` 4), ``'D2se'``,
            ``'yolox-pai-small'``; or a dict with ``num_blocks``,
            ``width_factor``, ``group_layer_map`` (groups by the number of the
            layer, or ``None``), ``se_cfg`` and, if wanted, ``stem_channels``.
        in_channels: Channels of the image.
        base_channels: Width of the first stage before its factor.
        out_indices: Which stages are returned, counted from 0.
        strides: Stride of each stage, in pixels.
        dilations: Dilation of each stage, in pixels.
        frozen_stages: How many stages keep weights and statistics, beside the
            stem; 0 is the stem alone, -1 nothing.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        deploy: Whether each block has one convolution from the start.
        norm_eval: Whether batch norms keep their statistics in training.
        add_ppf: Whether a :class:`MTSPPF` follows the last stage.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32.

    Raises:
        ValueError: if arch is unknown, or strides, dilations, out_indices or
            frozen_stages do not fit it.

    Example:
        >>> model = MODELS.build(dict(type='RepVGG', arch='A0')).eval()
        >>> x = torch.randn(1, 3, 64, 64)
        >>> before = model(x)[0]
        >>> model.switch_to_deploy()
        >>> torch.allclose(model(x)[0], before, atol=1e-4)
        True
    """

    arch_settings: ClassVar[dict[str, dict[str, Any]]] = {
        'A0': _arch(_A, (0.75, 0.75, 0.75, 2.5)),
        'A1': _arch(_A, (1, 1, 1, 2.5)),
        'A2': _arch(_A, (1.5, 1.5, 1.5, 2.75)),
        'B0': _arch(_B, (1, 1, 1, 2.5), stem_channels=64),
        'B1': _arch(_B, (2, 2, 2, 4)),
        'B1g2': _arch(_B, (2, 2, 2, 4), groups=2),
        'B1g4': _arch(_B, (2, 2, 2, 4), groups=4),
        'B2': _arch(_B, (2.5, 2.5, 2.5, 5)),
        'B2g2': _arch(_B, (2.5, 2.5, 2.5, 5), groups=2),
        'B2g4': _arch(_B, (2.5, 2.5, 2.5, 5), groups=4),
        'B3': _arch(_B, (3, 3, 3, 5)),
        'B3g2': _arch(_B, (3, 3, 3, 5), groups=2),
        'B3g4': _arch(_B, (3, 3, 3, 5), groups=4),
        'D2se': _arch(
            (8, 14, 24, 1), (2.5, 2.5, 2.5, 5), se_cfg=dict(ratio=16, divisor=1)
        ),
        'yolox-pai-small': _arch((3, 5, 7, 3), (1, 1, 1, 1), stem_channels=32),
    }

    def __init__(
        self,
        arch: str | dict[str, Any],
        in_channels: int = 3,
        base_channels: int = 64,
        out_indices: int | Sequence[int] = (3,),
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        with_cp: bool = False,
        deploy: bool = False,
        norm_eval: bool = False,
        add_ppf: bool = False,
        init_cfg: dict | list[dict] | None = CONV_INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.arch = arch = pick_arch(arch, self.arch_settings)
        num_stages = len(arch['num_blocks'])
        widths = {'arch.width_factor': arch['width_factor']}
        check_lengths(
            num_stages, 'stages', strides=strides, dilations=dilations, **widths
        )
        self.out_indices = check_out_indices(out_indices, num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, num_stages)
        self.norm_eval = norm_eval
        self.deploy = deploy
        widths = [
            int(base_channels * 2**i * factor)
            for i, factor in enumerate(arch['width_factor'])
        ]
        common = dict(
            se_cfg=arch['se_cfg'],
            with_cp=with_cp,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            deploy=deploy,
        )
        channels = min(
            arch.get('stem_channels', 64), int(base_channels * arch['width_factor'][0])
        )
        self.stem = RepVGGBlock(in_channels, channels, stride=2, **common)
        groups_of = arch['group_layer_map'] or {}
        number, total_stride = 1, 2
        self.stages: list[str] = []
        self._specs: list[FeatureSpec] = []
        for i, width in enumerate(widths):
            blocks = []
            for j in range(arch['num_blocks'][i]):
                block = RepVGGBlock(
                    channels,
                    width,
                    stride=1 if j else strides[i],
                    padding=dilations[i],
                    dilation=dilations[i],
                    groups=groups_of.get(number, 1),
                    init_cfg=init_cfg,
                    **common,
                )
                blocks.append(block)
                channels = width
                number += 1
            self.add_module(f'stage_{i + 1}', Sequential(*blocks))
            self.stages.append(f'stage_{i + 1}')
            total_stride *= strides[i]
            self._specs.append(FeatureSpec(width, total_stride))
        self.ppf = nn.Identity()
        if add_ppf:
            self.ppf = MTSPPF(channels, channels, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.freeze_parts()

    @property
    def chain(self) -> tuple[str, ...]:
        """``stem``, ``stage_1`` and so on, and the pooling behind if there is one."""
        behind = () if isinstance(self.ppf, nn.Identity) else ('ppf',)
        return ('stem', *self.stages, *behind)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        return tuple(self._specs[i] for i in self.out_indices)

    def frozen_parts(self) -> list[nn.Module]:
        """The stem, and as many stages as frozen_stages says."""
        return self.frozen_stem_and_stages(('stem',), self.stages)

    def switch_to_deploy(self) -> None:
        """Fuse the branches of every block, for good."""
        switch_to_deploy(self)
        self.deploy = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        x = self.stem(x)
        outs = []
        for i, name in enumerate(self.stages):
            x = getattr(self, name)(x)
            if i + 1 == len(self.stages):
                x = self.ppf(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)
