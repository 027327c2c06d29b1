"""MobileNetV3.

Paper: Searching for MobileNetV3, ICCV 2019, https://arxiv.org/abs/1905.02244
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ConvModule, InvertedResidual
from .archs import pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    run_stages,
)

__all__ = ['MobileNetV3']

BATCH_NORM = dict(type='BN', eps=0.001, momentum=0.01)
INIT = [
    dict(type='Kaiming', layer=['Conv2d'], nonlinearity='leaky_relu'),
    dict(type='Normal', layer=['Linear'], std=0.01),
    dict(type='Constant', layer=['BatchNorm2d'], val=1),
]
HSWISH = dict(type='HSwish')
SE_ACTS = (
    dict(type='ReLU'),
    dict(type='HSigmoid', bias=3, divisor=6, min_value=0, max_value=1),
)


@MODELS.register_module()
class MobileNetV3(BaseBackbone):
    """A small network whose blocks were found by search.

    Args:
        arch: ``'small'``, ``'small_075'``, ``'small_050'`` or ``'large'``.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        out_indices: Which layers are returned, 0 for the stem, then the blocks
            and the last convolution; ``None`` is that alone.
        frozen_stages: The last of the layers that keep weights and statistics,
            with all before it; -1 is none.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; the last
            stride is 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='MobileNetV3', arch='small'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 576, 2, 2])
    """

    # kernel size, inner width, width, with excitation, activation, stride
    arch_settings: ClassVar[dict[str, tuple[tuple, ...]]] = {
        'small': (
            (3, 16, 16, True, 'ReLU', 2),
            (3, 72, 24, False, 'ReLU', 2),
            (3, 88, 24, False, 'ReLU', 1),
            (5, 96, 40, True, 'HSwish', 2),
            (5, 240, 40, True, 'HSwish', 1),
            (5, 240, 40, True, 'HSwish', 1),
            (5, 120, 48, True, 'HSwish', 1),
            (5, 144, 48, True, 'HSwish', 1),
            (5, 288, 96, True, 'HSwish', 2),
            (5, 576, 96, True, 'HSwish', 1),
            (5, 576, 96, True, 'HSwish', 1),
        ),
        'small_075': (
            (3, 16, 16, True, 'ReLU', 2),
            (3, 72, 24, False, 'ReLU', 2),
            (3, 88, 24, False, 'ReLU', 1),
            (5, 96, 32, True, 'HSwish', 2),
            (5, 192, 32, True, 'HSwish', 1),
            (5, 192, 32, True, 'HSwish', 1),
            (5, 96, 40, True, 'HSwish', 1),
            (5, 120, 40, True, 'HSwish', 1),
            (5, 240, 72, True, 'HSwish', 2),
            (5, 432, 72, True, 'HSwish', 1),
            (5, 432, 72, True, 'HSwish', 1),
        ),
        'small_050': (
            (3, 16, 8, True, 'ReLU', 2),
            (3, 40, 16, False, 'ReLU', 2),
            (3, 56, 16, False, 'ReLU', 1),
            (5, 64, 24, True, 'HSwish', 2),
            (5, 144, 24, True, 'HSwish', 1),
            (5, 144, 24, True, 'HSwish', 1),
            (5, 72, 24, True, 'HSwish', 1),
            (5, 72, 24, True, 'HSwish', 1),
            (5, 144, 48, True, 'HSwish', 2),
            (5, 288, 48, True, 'HSwish', 1),
            (5, 288, 48, True, 'HSwish', 1),
        ),
        'large': (
            (3, 16, 16, False, 'ReLU', 1),
            (3, 64, 24, False, 'ReLU', 2),
            (3, 72, 24, False, 'ReLU', 1),
            (5, 72, 40, True, 'ReLU', 2),
            (5, 120, 40, True, 'ReLU', 1),
            (5, 120, 40, True, 'ReLU', 1),
            (3, 240, 80, False, 'HSwish', 2),
            (3, 200, 80, False, 'HSwish', 1),
            (3, 184, 80, False, 'HSwish', 1),
            (3, 184, 80, False, 'HSwish', 1),
            (3, 480, 112, True, 'HSwish', 1),
            (3, 672, 112, True, 'HSwish', 1),
            (5, 672, 160, True, 'HSwish', 2),
            (5, 960, 160, True, 'HSwish', 1),
            (5, 960, 160, True, 'HSwish', 1),
        ),
    }

    def __init__(
        self,
        arch: str = 'small',
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        out_indices: int | Sequence[int] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        settings = pick_arch(arch, self.arch_settings)
        self.arch = arch
        num_layers = len(settings) + 2
        if out_indices is None:
            out_indices = (num_layers - 1,)
        self.out_indices = check_out_indices(out_indices, num_layers)
        self.frozen_stages = check_frozen_stages(frozen_stages, num_layers - 1)
        self.norm_eval = norm_eval
        cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg)
        self.layers: list[str] = []
        self._specs: list[FeatureSpec] = []
        strides = [2]
        channels = 16
        stem = ConvModule(3, channels, 3, stride=2, padding=1, act_cfg=HSWISH, **cfgs)
        self._add(stem, channels, 2)
        for kernel_size, inner, width, with_se, act, stride in settings:
            block = InvertedResidual(
                channels,
                width,
                inner,
                kernel_size,
                stride=stride,
                se_cfg=dict(channels=inner, ratio=4, act_cfg=SE_ACTS)
                if with_se
                else None,
                act_cfg=dict(type=act),
                with_cp=with_cp,
                **cfgs,
            )
            strides.append(stride)
            self._add(block, width, prod(strides))
            channels = width
        last = ConvModule(channels, inner, 1, act_cfg=HSWISH, **cfgs)
        self._add(last, inner, prod(strides))
        self.feat_dim = inner
        self.freeze_parts()

    def _add(self, layer: nn.Module, width: int, stride: int) -> None:
        name = f'layer{len(self.layers)}'
        self.add_module(name, layer)
        self.layers.append(name)
        self._specs.append(FeatureSpec(width, stride))

    @property
    def chain(self) -> tuple[str, ...]:
        """``layer0`` and so on."""
        return tuple(self.layers)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every layer that is returned."""
        return tuple(self._specs[i] for i in self.out_indices)

    def frozen_parts(self) -> list[nn.Module]:
        """The layers up to frozen_stages."""
        return [getattr(self, n) for n in self.layers[: self.frozen_stages + 1]]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the layers that out_indices names."""
        layers = (getattr(self, name) for name in self.layers)
        return run_stages(x, layers, self.out_indices)
