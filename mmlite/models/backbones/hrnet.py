"""HRNet.

Paper: Deep High-Resolution Representation Learning for Visual Recognition,
TPAMI 2020, https://arxiv.org/abs/1908.07919
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    BasicBlock,
    Bottleneck,
    ResidualBlock,
    ResLayer,
    build_conv_layer,
    build_norm_layer,
    get_expansion,
)
from .archs import check_lengths, pick_arch
from .base_backbone import CONV_INIT, BaseBackbone

__all__ = ['HRModule', 'HRNet']

BATCH_NORM = dict(type='BN')


def _conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int,
    conv_cfg: dict | None,
    norm_cfg: dict,
    *more: nn.Module,
) -> nn.Sequential:
    conv = build_conv_layer(
        conv_cfg,
        in_channels,
        out_channels,
        kernel_size=kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        bias=False,
    )
    return nn.Sequential(conv, build_norm_layer(norm_cfg, out_channels)[1], *more)


class HRModule(BaseModule):
    """Blocks on maps of several sizes, and an exchange between all of them.

    Args:
        num_branches: How many sizes there are.
        block: Class of the blocks.
        num_blocks: Blocks of each branch.
        in_channels: Width of each branch.
        num_channels: Width of the blocks of each branch, before expansion.
        multiscale_output: Whether all maps are returned, or the largest.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        block_init_cfg: Config of the initialisation of a block.
        init_cfg: Config of the initialisation.

    Shape:
        x: a list of maps, each half the size of the one before; returns the
            same.

    Raises:
        ValueError: if there are not as many entries as branches.
    """

    def __init__(
        self,
        num_branches: int,
        block: type[ResidualBlock],
        num_blocks: Sequence[int],
        in_channels: Sequence[int],
        num_channels: Sequence[int],
        multiscale_output: bool = True,
        with_cp: bool = False,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        block_init_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_lengths(
            num_branches,
            'branches',
            num_blocks=num_blocks,
            in_channels=in_channels,
            num_channels=num_channels,
        )
        cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg)
        self.branches = nn.ModuleList(
            ResLayer(
                block,
                num_blocks[i],
                in_channels[i],
                num_channels[i] * get_expansion(block),
                with_cp=with_cp,
                init_cfg=block_init_cfg,
                **cfgs,
            )
            for i in range(num_branches)
        )
        self.fuse_layers = None
        if num_branches > 1:
            self.fuse_layers = nn.ModuleList(
                nn.ModuleList(
                    self._path(in_channels, j, i, cfgs) for j in range(num_branches)
                )
                for i in range(num_branches if multiscale_output else 1)
            )
        self.relu = nn.ReLU(inplace=False)

    @staticmethod
    def _path(
        channels: Sequence[int], start: int, end: int, cfgs: dict[str, Any]
    ) -> nn.Module | None:
        """From the size of one branch to that of another."""
        first, last = channels[start], channels[end]
        if start == end:
            return None
        if start > end:
            up = nn.Upsample(scale_factor=2 ** (start - end), mode='nearest')
            return _conv_norm(first, last, 1, 1, *cfgs.values(), up)
        return nn.Sequential(
            *(
                _conv_norm(first, first, 3, 2, *cfgs.values(), nn.ReLU())
                for _ in range(end - start - 1)
            ),
            _conv_norm(first, last, 3, 2, *cfgs.values()),
        )

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        """Blocks, then the exchange."""
        x = [branch(one) for branch, one in zip(self.branches, x, strict=True)]
        if self.fuse_layers is None:
            return x
        return [self.relu(self._fuse(paths, x)) for paths in self.fuse_layers]

    @staticmethod
    def _fuse(paths: nn.ModuleList, x: list[Tensor]) -> Tensor:
        target = next(one for one, path in zip(x, paths, strict=True) if path is None)
        total = 0
        for one, path in zip(x, paths, strict=True):
            # What is larger by an odd pixel comes back larger from its upsampling.
            part = one if path is None else path(one)
            total = total + part[..., : target.shape[-2], : target.shape[-1]]
        return total


def _stages(width: int) -> tuple[tuple, ...]:
    widths = tuple(width * 2**i for i in range(4))
    return (
        (1, 1, 'BOTTLENECK', (4,), (64,)),
        (1, 2, 'BASIC', (4,) * 2, widths[:2]),
        (4, 3, 'BASIC', (4,) * 3, widths[:3]),
        (3, 4, 'BASIC', (4,) * 4, widths),
    )


@MODELS.register_module()
class HRNet(BaseBackbone):
    """Maps of four sizes side by side, the largest from beginning to end.

    Args:
        arch: ``'w18'``, ``'w30'``, ``'w32'``, ``'w40'``, ``'w44'``, ``'w48'`` or
            ``'w64'``, after the width of the largest map.
        extra: Instead of arch, a dict with ``stage1`` to ``stage4``, each a
            dict of ``num_modules``, ``num_branches``, ``block`` (``'BASIC'``
            or ``'BOTTLENECK'``), ``num_blocks`` and ``num_channels``.
        in_channels: Channels of the image.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        zero_init_residual: Whether every block starts as its shortcut alone.
        multiscale_output: Whether all four maps are returned, or the largest.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` for each size; strides
            are 4, 8, 16, 32.

    Raises:
        ValueError: if arch is unknown, or extra does not fit.

    Example:
        >>> model = MODELS.build(dict(type='HRNet', arch='w18'))
        >>> [spec.channels for spec in model.feature_specs]
        [18, 36, 72, 144]
    """

    blocks_dict: ClassVar[dict[str, type[ResidualBlock]]] = {
        'BASIC': BasicBlock,
        'BOTTLENECK': Bottleneck,
    }
    arch_zoo: ClassVar[dict[str, tuple[tuple, ...]]] = {
        f'w{width}': _stages(width) for width in (18, 30, 32, 40, 44, 48, 64)
    }

    def __init__(
        self,
        arch: str = 'w32',
        extra: dict[str, dict[str, Any]] | None = None,
        in_channels: int = 3,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = False,
        multiscale_output: bool = True,
        init_cfg: dict | list[dict] | None = CONV_INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.extra = self.parse_arch(arch, extra)
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        self.zero_init_residual = zero_init_residual
        for i, channels in enumerate((in_channels, 64), start=1):
            conv, norm = _conv_norm(channels, 64, 3, 2, conv_cfg, norm_cfg)
            self.add_module(f'conv{i}', conv)
            name = build_norm_layer(norm_cfg, 64, postfix=i)[0]
            self.add_module(name, norm)
            setattr(self, f'norm{i}_name', name)
        self.relu = nn.ReLU(inplace=True)
        first = self.extra['stage1']
        block = self.blocks_dict[first['block']]
        widths = [c * get_expansion(block) for c in first['num_channels']]
        # Without the configs of convolution and norm, as the published networks.
        self.layer1 = ResLayer(block, first['num_blocks'][0], 64, widths[0])
        for i in range(2, 5):
            stage = self.extra[f'stage{i}']
            expansion = get_expansion(self.blocks_dict[stage['block']])
            before, widths = widths, [c * expansion for c in stage['num_channels']]
            self.add_module(f'transition{i - 1}', self._transition(before, widths))
            last_only = i == 4 and not multiscale_output
            self.add_module(f'stage{i}', self._stage(stage, widths, last_only))
        self._widths = widths if multiscale_output else widths[:1]

    def parse_arch(self, arch: str, extra: dict | None = None) -> dict[str, dict]:
        """The stages of a named architecture, or ``extra``.

        Raises:
            ValueError: if either is not as it must be.
        """
        names = ('num_modules', 'num_branches', 'block', 'num_blocks', 'num_channels')
        if extra is None:
            stages = pick_arch(arch, self.arch_zoo)
            return {
                f'stage{i}': dict(zip(names, stage, strict=True))
                for i, stage in enumerate(stages, start=1)
            }
        for i in range(1, 5):
            missing = [name for name in names if name not in extra.get(f'stage{i}', ())]
            if missing:
                raise ValueError(f'extra.stage{i} lacks {", ".join(missing)}')
        return extra

    def _transition(self, before: Sequence[int], widths: Sequence[int]) -> nn.Module:
        """From the branches of one stage to those of the next."""
        cfgs = (self.conv_cfg, self.norm_cfg)
        layers: list[nn.Module] = []
        for i, width in enumerate(widths):
            if i >= len(before):
                steps = [before[-1]] * (i + 1 - len(before)) + [width]
                layers.append(
                    nn.Sequential(
                        *(
                            _conv_norm(a, b, 3, 2, *cfgs, nn.ReLU(inplace=True))
                            for a, b in zip(steps, steps[1:], strict=False)
                        )
                    )
                )
            elif width != before[i]:
                relu = nn.ReLU(inplace=True)
                layers.append(_conv_norm(before[i], width, 3, 1, *cfgs, relu))
            else:
                layers.append(nn.Identity())
        return nn.ModuleList(layers)

    def _stage(self, stage: dict, widths: Sequence[int], last_only: bool) -> nn.Module:
        block = self.blocks_dict[stage['block']]
        block_init_cfg = None
        if self.zero_init_residual:
            name = 'norm2' if block is BasicBlock else 'norm3'
            block_init_cfg = dict(type='Constant', val=0, override=dict(name=name))
        count = stage['num_modules']
        return Sequential(
            *(
                HRModule(
                    stage['num_branches'],
                    block,
                    stage['num_blocks'],
                    widths,
                    stage['num_channels'],
                    multiscale_output=not (last_only and i == count - 1),
                    with_cp=self.with_cp,
                    conv_cfg=self.conv_cfg,
                    norm_cfg=self.norm_cfg,
                    block_init_cfg=block_init_cfg,
                )
                for i in range(count)
            )
        )

    @property
    def norm1(self) -> nn.Module:
        """The first norm of the stem."""
        return getattr(self, self.norm1_name)

    @property
    def norm2(self) -> nn.Module:
        """The second norm of the stem."""
        return getattr(self, self.norm2_name)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every map."""
        return tuple(FeatureSpec(w, 4 * 2**i) for i, w in enumerate(self._widths))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The maps, the largest first."""
        x = self.relu(self.norm1(self.conv1(x)))
        x = self.relu(self.norm2(self.conv2(x)))
        maps = [self.layer1(x)]
        for i in range(2, 5):
            layers = getattr(self, f'transition{i - 1}')
            inputs = [
                layer(maps[min(j, len(maps) - 1)]) for j, layer in enumerate(layers)
            ]
            maps = getattr(self, f'stage{i}')(inputs)
        return tuple(maps)
