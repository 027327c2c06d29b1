"""EfficientNet.

Papers: EfficientNet, ICML 2019, https://arxiv.org/abs/1905.11946; its variants
for an accelerator, EfficientNet-EdgeTPU, Google AI blog 2019
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import ceil, prod
from typing import Any, ClassVar, NamedTuple

from mmengine.model import Sequential
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    ConvModule,
    EdgeResidual,
    InvertedResidual,
    drop_path_rates,
    make_divisible,
)
from .archs import pick_arch
from .base_backbone import (
    CONV_INIT,
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    run_stages,
)

__all__ = ['BaseEfficientNet', 'EfficientNet']

SAME_CONV = dict(type='Conv2dAdaptivePadding')
BATCH_NORM = dict(type='BN', eps=1e-3)
SWISH = dict(type='Swish')


class BaseEfficientNet(BaseBackbone):
    """What both EfficientNets share: a list of layers.

    Args:
        out_indices: Which layers are returned, 0 for the stem.
        frozen_stages: How many layers keep weights and statistics.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Override:
        make_layers: calls :meth:`add_layer` for each.
    """

    def __init__(
        self,
        out_indices: int | Sequence[int],
        frozen_stages: int = 0,
        conv_cfg: dict | None = SAME_CONV,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = SWISH,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = CONV_INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.act_cfg = act_cfg
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        self.layers = nn.ModuleList()
        self._specs: list[FeatureSpec] = []
        self.make_layers()
        num_layers = len(self.layers)
        self.out_indices = check_out_indices(out_indices, num_layers)
        self.frozen_stages = check_frozen_stages(frozen_stages, num_layers)
        self.freeze_parts()

    def make_layers(self) -> None:
        """Add all layers."""
        raise NotImplementedError

    def add_layer(self, layer: nn.Module, width: int, stride: int) -> None:
        """Add one, whose stride is meant relative to the one before."""
        before = self._specs[-1].stride if self._specs else 1
        self.layers.append(layer)
        self._specs.append(FeatureSpec(width, before * stride))

    def excitation(self, channels: int, ratio: float) -> dict[str, Any] | None:
        """Arguments of an ``SELayer``; ``None`` if the ratio is 0."""
        if ratio <= 0:
            return None
        acts = (self.act_cfg, dict(type='Sigmoid'))
        return dict(channels=channels, ratio=ratio, divisor=1, act_cfg=acts)

    @property
    def chain(self) -> tuple[str, ...]:
        """``layers.0`` and so on."""
        return tuple(f'layers.{i}' for i in range(len(self.layers)))

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every layer that is returned."""
        return tuple(self._specs[i] for i in self.out_indices)

    def frozen_parts(self) -> list[nn.Module]:
        """As many layers as frozen_stages says."""
        return list(self.layers[: max(self.frozen_stages, 0)])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the layers that out_indices names."""
        return run_stages(x, self.layers, self.out_indices)


class _Block(NamedTuple):
    """One block of EfficientNet."""

    kernel_size: int
    width: int
    se_ratio: int
    stride: int
    expand_ratio: int
    fused: bool


def _blocks(count: int, *first: Any) -> list[_Block]:
    """A block, and others like it that keep the size."""
    block = _Block(*first, fused=False)
    return [block, *([block._replace(stride=1)] * (count - 1))]


def _edges(count: int, *first: Any) -> list[_Block]:
    return [block._replace(fused=True) for block in _blocks(count, *first)]


@MODELS.register_module()
class EfficientNet(BaseEfficientNet):
    """Width, depth and resolution grown together.

    Args:
        arch: ``'b0'`` to ``'b8'``, ``'l2'``, or ``'es'``, ``'em'``, ``'el'``.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        out_indices: Which of the seven layers are returned, 0 for the stem.
        frozen_stages: How many layers keep weights and statistics.
        kwargs: ``conv_cfg``, ``norm_cfg``, ``act_cfg``, ``norm_eval``,
            ``with_cp`` and ``init_cfg`` of ``BaseEfficientNet``.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            2, 2, 4, 8, 16, 32, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='EfficientNet', arch='b0'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1280, 2, 2])
    """

    layer_settings: ClassVar[dict[str, list[list[_Block]]]] = {
        'b': [
            _blocks(1, 3, 16, 4, 1, 1),
            _blocks(2, 3, 24, 4, 2, 6),
            _blocks(2, 5, 40, 4, 2, 6),
            _blocks(3, 3, 80, 4, 2, 6) + _blocks(3, 5, 112, 4, 1, 6),
            _blocks(4, 5, 192, 4, 2, 6) + _blocks(1, 3, 320, 4, 1, 6),
        ],
        'e': [
            _edges(1, 3, 24, 0, 1, 3),
            _edges(2, 3, 32, 0, 2, 8),
            _edges(4, 3, 48, 0, 2, 8),
            _blocks(5, 5, 96, 0, 2, 8) + _blocks(4, 5, 144, 0, 1, 8),
            _blocks(2, 5, 192, 0, 2, 8),
        ],
    }
    # width, depth, pixels
    arch_settings: ClassVar[dict[str, tuple[float, float, int]]] = {
        'b0': (1.0, 1.0, 224),
        'b1': (1.0, 1.1, 240),
        'b2': (1.1, 1.2, 260),
        'b3': (1.2, 1.4, 300),
        'b4': (1.4, 1.8, 380),
        'b5': (1.6, 2.2, 456),
        'b6': (1.8, 2.6, 528),
        'b7': (2.0, 3.1, 600),
        'b8': (2.2, 3.6, 672),
        'l2': (4.3, 5.3, 800),
        'es': (1.0, 1.0, 224),
        'em': (1.0, 1.1, 240),
        'el': (1.2, 1.4, 300),
    }

    def __init__(
        self,
        arch: str = 'b0',
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = (6,),
        frozen_stages: int = 0,
        **kwargs: Any,
    ) -> None:
        self.arch_setting = pick_arch(arch, self.arch_settings)
        self.kind = 'e' if str(arch).lower().startswith('e') else 'b'
        self.drop_path_rate = drop_path_rate
        super().__init__(out_indices, frozen_stages, **kwargs)

    def make_layers(self) -> None:
        """Add the stem, five layers of blocks, and the last convolution."""
        width, depth, _ = self.arch_setting
        cfgs = dict(
            conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg
        )
        channels = make_divisible(32 * width, 8)
        stem = ConvModule(3, channels, 3, stride=2, padding=1, **cfgs)
        self.add_layer(stem, channels, 2)
        settings = _scaled(self.layer_settings[self.kind], width, depth)
        rates = drop_path_rates(self.drop_path_rate, [len(s) for s in settings])
        for layer, layer_rates in zip(settings, rates, strict=True):
            blocks = []
            for i, (block, rate) in enumerate(zip(layer, layer_rates, strict=True)):
                blocks.append(self._block(block, channels, i == 0, rate, cfgs))
                channels = block.width
            stride = prod(block.stride for block in layer)
            self.add_layer(Sequential(*blocks), channels, stride)
        self.out_channels = make_divisible(1280 * width, 8)
        last = ConvModule(channels, self.out_channels, 1, **cfgs)
        self.add_layer(last, self.out_channels, 1)

    def _block(
        self, block: _Block, channels: int, first: bool, rate: float, cfgs: dict
    ) -> nn.Module:
        ratio, kind, more = block.expand_ratio, InvertedResidual, {}
        if block.fused:
            # The first layer of the EdgeTPU variants repeats without shortcuts.
            plain = not first and ratio == 3
            ratio = 4 if plain else ratio
            kind, more = EdgeResidual, dict(with_residual=not plain)
        inner = int(channels * ratio)
        return kind(
            channels,
            block.width,
            inner,
            block.kernel_size,
            stride=block.stride,
            se_cfg=self.excitation(inner, ratio * block.se_ratio),
            drop_path_rate=rate,
            with_cp=self.with_cp,
            **more,
            **cfgs,
        )


def _scaled(
    layers: Sequence[Sequence[_Block]], width: float, depth: float
) -> list[list[_Block]]:
    """Wider blocks, and more of each kind; a layer begins where the size changes."""
    scaled: list[list[_Block]] = []
    for layer in layers:
        wide = [b._replace(width=make_divisible(b.width * width, 8)) for b in layer]
        for _, same in groupby(wide, key=lambda block: block.width):
            blocks = list(same)
            count = ceil(depth * len(blocks))
            blocks = (blocks + blocks[-1:] * count)[:count]
            if blocks[0].stride == 1 and scaled:
                scaled[-1] += blocks
            else:
                scaled.append(blocks)
    return scaled
