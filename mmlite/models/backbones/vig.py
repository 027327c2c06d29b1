"""Vision GNN.

Paper: Vision GNN: An Image is Worth Graph of Nodes, NeurIPS 2022,
https://arxiv.org/abs/2206.00272
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from mmengine.model import ModuleList, Sequential
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    build_norm_layer,
    norms_to_eval,
)
from .archs import pick_arch, zoo
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    freeze,
)
from .vig_blocks import Grapher, VigFFN, make_stem

__all__ = ['PyramidVig', 'Vig']

GELU = dict(type='GELU')
BN = dict(type='BN')
SIDE = 224  # pixels of the images that positions are made for
GraphConvType = Literal['edge', 'mr', 'sage', 'gin']


class _VigBase(BaseBackbone):
    """What both networks share: positions, freezing and the blocks."""

    stem: nn.Module
    pos_embed: nn.Parameter

    def _block(self, channels: int, drop_path: float, **kwargs: Any) -> Sequential:
        grapher = Grapher(channels, drop_path=drop_path, **kwargs)
        act_cfg = kwargs['act_cfg']
        return Sequential(grapher, VigFFN(channels, channels * 4, act_cfg, drop_path))

    def _embed(self, x: Tensor) -> Tensor:
        given = tuple(x.shape[2:])
        x = self.stem(x)
        if x.shape[2:] != self.pos_embed.shape[2:]:
            raise DataError(
                f'{type(self).__name__} takes images of {SIDE} x {SIDE} pixels, got '
                f'{given}; resize them in the pipeline'
            )
        return x + self.pos_embed

    def _levels(self) -> Sequence[nn.Module]:
        """What ``out_indices`` and ``frozen_stages`` count."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the levels that out_indices names."""
        x = self._embed(x)
        outs = []
        for i, level in enumerate(self._levels()):
            x = level(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def _freeze_stages(self) -> None:
        if self.frozen_stages > 0:
            self.stem.eval()
            freeze(*self._levels()[: self.frozen_stages])

    def train(self, mode: bool = True) -> _VigBase:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            norms_to_eval(self)
        return self


@MODELS.register_module()
class Vig(_VigBase):
    """Graph convolutions among patches of 16 pixels.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, or a dict with the keys
            ``num_blocks`` and ``channels``.
        in_channels: Channels of the image.
        k: Number of neighbours of a node in the first block; it grows to twice as many
            in the last.
        out_indices: Which blocks are returned; negative ones are counted from the end.
        act_cfg: Config of the activations.
        norm_cfg: Config of the norms.
        graph_conv_bias: Whether graph convolutions have a bias.
        graph_conv_type: ``'edge'``, ``'mr'``, ``'sage'`` or ``'gin'``.
        epsilon: How often the neighbours of a batch are drawn at random with
            ``use_stochastic``, a fraction.
        use_dilation: Whether later blocks look further away.
        use_stochastic: Whether neighbours are at times drawn at random among the
            nearest ones, in training.
        drop_path: Rate of stochastic depth of the last block, a fraction; it grows
            linearly from 0 in the first.
        relative_pos: Whether there are relative positions.
        norm_eval: Whether batch norms keep their statistics in training.
        frozen_stages: How many blocks keep their weights.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, 224, 224)``.
        returns: one map per index, ``(B, C, 14, 14)``.

    Raises:
        ValueError: if an argument is out of range.
        DataError: if an image has another size.

    Example:
        >>> arch = dict(num_blocks=2, channels=16)
        >>> model = MODELS.build(dict(type='Vig', arch=arch, k=3))
        >>> model(torch.rand(1, 3, 224, 224))[0].shape
        torch.Size([1, 16, 14, 14])
    """

    arch_settings: ClassVar[dict[str, dict]] = zoo(
        'num_blocks channels',
        tiny=('tiny', (12, 192)),
        small=('small', (16, 320)),
        base=('base', (16, 640)),
    )

    def __init__(
        self,
        arch: str | dict,
        in_channels: int = 3,
        k: int = 9,
        out_indices: int | Sequence[int] = -1,
        act_cfg: dict = GELU,
        norm_cfg: dict = BN,
        graph_conv_bias: bool = True,
        graph_conv_type: GraphConvType = 'mr',
        epsilon: float = 0.2,
        use_dilation: bool = True,
        use_stochastic: bool = False,
        drop_path: float = 0.0,
        relative_pos: bool = False,
        norm_eval: bool = False,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        settings = pick_arch(arch, self.arch_settings)
        self.num_blocks, self.channels = settings['num_blocks'], settings['channels']
        self.out_indices = check_out_indices(out_indices, self.num_blocks)
        self.norm_eval = norm_eval
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_blocks)
        widths = [self.channels // part for part in (8, 4, 2, 1, 1)]
        self.stem = make_stem(
            [in_channels, *widths], (2, 2, 2, 2, 1), norm_cfg, act_cfg
        )
        side = SIDE // 16
        self.pos_embed = nn.Parameter(torch.zeros(1, self.channels, side, side))
        rates = np.linspace(0, drop_path, self.num_blocks).tolist()
        neighbours = np.linspace(k, 2 * k, self.num_blocks, dtype=np.float32)
        neighbours = [int(count) for count in neighbours]
        furthest = side**2 // max(neighbours)
        self.blocks = ModuleList(
            self._block(
                self.channels,
                rates[i],
                k=neighbours[i],
                dilation=min(i // 4 + 1, furthest) if use_dilation else 1,
                graph_conv_type=graph_conv_type,
                act_cfg=act_cfg,
                norm_cfg=norm_cfg,
                graph_conv_bias=graph_conv_bias,
                use_stochastic=use_stochastic,
                epsilon=epsilon,
                relative_pos=relative_pos,
                n=side**2,
            )
            for i in range(self.num_blocks)
        )
        self._freeze_stages()

    def _levels(self) -> Sequence[nn.Module]:
        return self.blocks

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        return (FeatureSpec(self.channels, 16),) * len(self.out_indices)


@MODELS.register_module()
class PyramidVig(_VigBase):
    """A pyramid of graph convolutions.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'medium'``, ``'base'``, or a dict with the
            keys ``blocks`` and ``channels``, one number a stage each.
        in_channels: Channels of the image.
        k: Number of neighbours of a node.
        out_indices: Which stages are returned; negative ones are counted from the end.
        act_cfg: Config of the activations.
        norm_cfg: Config of the norms.
        graph_conv_bias: Whether graph convolutions have a bias.
        graph_conv_type: ``'edge'``, ``'mr'``, ``'sage'`` or ``'gin'``.
        epsilon: How often the neighbours of a batch are drawn at random with
            ``use_stochastic``, a fraction.
        use_stochastic: Whether neighbours are at times drawn at random among the
            nearest ones, in training.
        drop_path: Rate of stochastic depth of the last block, a fraction; it grows
            linearly from 0 in the first.
        norm_eval: Whether batch norms keep their statistics in training.
        frozen_stages: How many stages keep their weights.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, 224, 224)``.
        returns: one map per index, ``(B, C_i, 56 / 2**i, 56 / 2**i)``.

    Raises:
        ValueError: if an argument is out of range.
        DataError: if an image has another size.

    Example:
        >>> arch = dict(blocks=[1, 1], channels=[8, 16])
        >>> model = MODELS.build(dict(type='PyramidVig', arch=arch, k=3))
        >>> model(torch.rand(1, 3, 224, 224))[0].shape
        torch.Size([1, 16, 28, 28])
    """

    arch_settings: ClassVar[dict[str, dict]] = zoo(
        'blocks channels',
        tiny=('tiny', ([2, 2, 6, 2], [48, 96, 240, 384])),
        small=('small', ([2, 2, 6, 2], [80, 160, 400, 640])),
        medium=('medium', ([2, 2, 16, 2], [96, 192, 384, 768])),
        base=('base', ([2, 2, 18, 2], [128, 256, 512, 1024])),
    )

    def __init__(
        self,
        arch: str | dict,
        in_channels: int = 3,
        k: int = 9,
        out_indices: int | Sequence[int] = -1,
        act_cfg: dict = GELU,
        norm_cfg: dict = BN,
        graph_conv_bias: bool = True,
        graph_conv_type: GraphConvType = 'mr',
        epsilon: float = 0.2,
        use_stochastic: bool = False,
        drop_path: float = 0.0,
        norm_eval: bool = False,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        settings = pick_arch(arch, self.arch_settings)
        self.blocks, self.channels = settings['blocks'], settings['channels']
        self.num_stages = len(self.blocks)
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.norm_eval = norm_eval
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages)
        first = self.channels[0]
        widths = [in_channels, first // 2, first, first]
        self.stem = make_stem(widths, (2, 2, 1), norm_cfg, act_cfg)
        side = SIDE // 4
        self.pos_embed = nn.Parameter(torch.zeros(1, first, side, side))
        rates = np.linspace(0, drop_path, sum(self.blocks)).tolist()
        common = dict(
            k=k,
            graph_conv_type=graph_conv_type,
            act_cfg=act_cfg,
            norm_cfg=norm_cfg,
            graph_conv_bias=graph_conv_bias,
            use_stochastic=use_stochastic,
            epsilon=epsilon,
            relative_pos=True,
        )
        # The neighbours of large maps are looked for in smaller ones.
        factors = [4, 2, *[1] * (self.num_stages - 2)]
        furthest = max(49 // k, 1)
        self.stages, done = ModuleList(), 0
        for stage, count in enumerate(self.blocks):
            width = self.channels[stage]
            layers: list[nn.Module] = []
            if stage:
                conv = nn.Conv2d(self.channels[stage - 1], width, 3, 2, 1)
                layers.append(Sequential(conv, build_norm_layer(norm_cfg, width)[1]))
            for i in range(done, done + count):
                dilation = min(i // 4 + 1, furthest)
                nodes = (side // 2**stage) ** 2
                own = dict(dilation=dilation, r=factors[stage], n=nodes)
                layers.append(self._block(width, rates[i], **own, **common))
            done += count
            self.stages.append(Sequential(*layers))
        self._freeze_stages()

    def _levels(self) -> Sequence[nn.Module]:
        return self.stages

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        return tuple(FeatureSpec(self.channels[i], 4 * 2**i) for i in self.out_indices)
