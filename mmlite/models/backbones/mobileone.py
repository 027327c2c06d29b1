"""MobileOne.

Paper: MobileOne: An Improved One millisecond Mobile Backbone, CVPR 2023,
https://arxiv.org/abs/2206.04040
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import Sequential
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ReparamBlock, SELayer, build_activation_layer, switch_to_deploy
from .archs import check_lengths, pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    run_stages,
)

__all__ = ['MobileOne', 'MobileOneBlock']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')
SE = dict(ratio=16)
INIT = [
    dict(type='Kaiming', layer=['Conv2d']),
    dict(type='Constant', val=1, layer=['_BatchNorm']),
]


class MobileOneBlock(ReparamBlock):
    """Several equal convolutions, a 1x1 one and the identity in training.

    Other arguments are those of ``ReparamBlock``.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Edge of the kernel, in pixels.
        num_convs: How many equal convolutions there are.
        se_cfg: Arguments of an ``SELayer`` behind the sum; ``None`` has none.
        act_cfg: Config of the activation.
        kwargs: Further arguments of ``ReparamBlock``.

    Example:
        >>> block = MobileOneBlock(8, 8, kernel_size=3, num_convs=4).eval()
        >>> x = torch.randn(1, 8, 4, 4)
        >>> before = block(x)
        >>> block.switch_to_deploy()
        >>> torch.allclose(block(x), before, atol=1e-5)
        True
    """

    branch_names = ('branch_norm', 'branch_scale', 'branch_conv_list')

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        num_convs: int,
        se_cfg: dict | None = None,
        act_cfg: dict = RELU,
        **kwargs: Any,
    ) -> None:
        self.num_conv_branches = num_convs
        self.se_cfg = se_cfg
        super().__init__(in_channels, out_channels, kernel_size, **kwargs)
        self.act = build_activation_layer(act_cfg)

    def make_parts(self) -> None:
        """Add the excitation, and the branches or the one convolution."""
        self.se = nn.Identity()
        if self.se_cfg is not None:
            self.se = SELayer(self.out_channels, **self.se_cfg)
        super().make_parts()

    def make_branches(self) -> None:
        """Add the branches."""
        self.branch_norm = self.identity_norm()
        self.branch_scale = self.conv_norm(1) if self.kernel_size > 1 else None
        self.branch_conv_list = nn.ModuleList(
            self.conv_norm(self.kernel_size, self.padding, self.dilation)
            for _ in range(self.num_conv_branches)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        return self.act(self.se(self.linear(x)))


def _arch(width_factor: Sequence[float], convs: int, se: Sequence[int]) -> dict:
    return dict(
        num_blocks=[2, 8, 10, 1],
        width_factor=list(width_factor),
        num_conv_branches=[convs] * 4,
        num_se_blocks=list(se),
    )


@MODELS.register_module()
class MobileOne(BaseBackbone):
    """Depth-wise and 1x1 convolutions in turn, once their branches are fused.

    Args:
        arch: ``'s0'`` to ``'s4'``, or a dict of lists of four:
            ``num_blocks``, ``width_factor``, ``num_conv_branches`` and
            ``num_se_blocks``, how many blocks at the end of a stage have
            squeeze-and-excitation.
        in_channels: Channels of the image.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: How many stages keep weights and statistics, beside the
            stem; 0 is the stem alone, -1 nothing.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        se_cfg: Arguments of the ``SELayer``.
        deploy: Whether each block has one convolution from the start.
        norm_eval: Whether batch norms keep their statistics in training.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range, or a
            stage has more blocks with squeeze-and-excitation than blocks.

    Example:
        >>> model = MODELS.build(dict(type='MobileOne', arch='s0'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1024, 2, 2])
    """

    arch_zoo: ClassVar[dict[str, dict[str, list]]] = {
        's0': _arch((0.75, 1.0, 1.0, 2.0), 4, (0, 0, 0, 0)),
        's1': _arch((1.5, 1.5, 2.0, 2.5), 1, (0, 0, 0, 0)),
        's2': _arch((1.5, 2.0, 2.5, 4.0), 1, (0, 0, 0, 0)),
        's3': _arch((2.0, 2.5, 3.0, 4.0), 1, (0, 0, 0, 0)),
        's4': _arch((3.0, 3.5, 3.5, 4.0), 1, (0, 0, 5, 1)),
    }
    base_channels = (64, 128, 256, 512)

    def __init__(
        self,
        arch: str | dict[str, list],
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        se_cfg: dict = SE,
        deploy: bool = False,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        keys = ('num_blocks', 'width_factor', 'num_conv_branches', 'num_se_blocks')
        self.arch = arch = pick_arch(arch, self.arch_zoo)
        check_lengths(4, 'stages', **{f'arch.{key}': arch[key] for key in keys})
        self.out_indices = check_out_indices(out_indices, 4)
        self.frozen_stages = check_frozen_stages(frozen_stages, 4)
        self.norm_eval = norm_eval
        self.deploy = deploy
        self.se_cfg = se_cfg
        self._common = dict(
            conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg, deploy=deploy
        )
        self._widths = [
            int(base * factor)
            for base, factor in zip(
                self.base_channels, arch['width_factor'], strict=True
            )
        ]
        channels = min(64, self._widths[0])
        self.stage0 = MobileOneBlock(
            in_channels, channels, 3, num_convs=1, stride=2, **self._common
        )
        self.stages: list[str] = []
        for i, width in enumerate(self._widths):
            stage = self._stage(i, channels, width)
            self.add_module(f'stage{i + 1}', stage)
            self.stages.append(f'stage{i + 1}')
            channels = width
        self.freeze_parts()

    def _stage(self, index: int, in_channels: int, width: int) -> nn.Module:
        num_blocks, num_se, num_convs = (
            self.arch[key][index]
            for key in ('num_blocks', 'num_se_blocks', 'num_conv_branches')
        )
        if num_se > num_blocks:
            raise ValueError(
                f'arch.num_se_blocks has {num_se} for stage {index}, which has '
                f'{num_blocks} blocks'
            )
        blocks = []
        for i in range(num_blocks):
            common = dict(self._common, num_convs=num_convs)
            common['se_cfg'] = self.se_cfg if i >= num_blocks - num_se else None
            depthwise = MobileOneBlock(
                in_channels,
                in_channels,
                3,
                stride=1 if i else 2,
                groups=in_channels,
                **common,
            )
            pointwise = MobileOneBlock(in_channels, width, 1, padding=0, **common)
            blocks += [depthwise, pointwise]
            in_channels = width
        return Sequential(*blocks)

    @property
    def chain(self) -> tuple[str, ...]:
        """``stage0`` and so on."""
        return ('stage0', *self.stages)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        return tuple(FeatureSpec(self._widths[i], 4 * 2**i) for i in self.out_indices)

    def frozen_parts(self) -> list[nn.Module]:
        """The stem, and as many stages as frozen_stages says."""
        return self.frozen_stem_and_stages(('stage0',), self.stages)

    def switch_to_deploy(self) -> None:
        """Fuse the branches of every block, for good."""
        switch_to_deploy(self)
        self.deploy = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        stages = (getattr(self, name) for name in self.stages)
        return run_stages(self.stage0(x), stages, self.out_indices)
