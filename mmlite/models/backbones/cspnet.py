"""Cross-stage partial networks.

Paper: CSPNet: A New Backbone that can Enhance Learning Capability of CNN, CVPR
workshops 2020, https://arxiv.org/abs/1911.11929
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmengine.model import Sequential
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    Bottleneck,
    ConvModule,
    drop_path_rates,
)
from .archs import check_lengths
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    run_stages,
)
from .csp_stage import BATCH_NORM, LEAKY, CSPStage, DarknetBottleneck
from .resnext import ResNeXtBottleneck

__all__ = ['CSPDarkNet', 'CSPNet', 'CSPResNeXt', 'CSPResNet']

KAIMING = dict(type='Kaiming', layer='Conv2d')
UNIFORM = dict(
    type='Kaiming',
    layer='Conv2d',
    a=math.sqrt(5),
    distribution='uniform',
    mode='fan_in',
    nonlinearity='leaky_relu',
)


class CSPNet(BaseBackbone):
    """Base of cross-stage partial networks.

    Args:
        arch: Arguments of :class:`CSPStage`, each a value for all stages or a
            sequence of one for every stage; ``in_channels`` is a sequence.
        in_channels: Channels of the image.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: The last stage that keeps weights and statistics, with
            all before it; -1 is none.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        norm_eval: Whether batch norms keep their statistics in training.
        init_cfg: Config of the initialisation.

    Override:
        make_stem: builds what comes before the stages.
        stem_stride: its stride.
    """

    stem_stride = 1

    def __init__(
        self,
        arch: Mapping[str, Any],
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = -1,
        drop_path_rate: float = 0.0,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = LEAKY,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = KAIMING,
    ) -> None:
        super().__init__(init_cfg)
        self.num_stages = num_stages = len(arch['in_channels'])
        self.arch = self.expand_arch(arch)
        self.out_indices = check_out_indices(out_indices, num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, num_stages - 1)
        self.norm_eval = norm_eval
        self.cfgs = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.conv_cfg = conv_cfg
        self.stem = self.make_stem(in_channels, self.arch['in_channels'][0])
        rates = drop_path_rates(drop_path_rate, self.arch['num_blocks'])
        self.stages = Sequential(
            *(
                CSPStage(
                    **{key: values[i] for key, values in self.arch.items()},
                    block_dpr=rates[i],
                    conv_cfg=conv_cfg,
                    init_cfg=init_cfg,
                    **self.cfgs,
                )
                for i in range(num_stages)
            )
        )
        self.freeze_parts()

    def expand_arch(self, arch: Mapping[str, Any]) -> dict[str, tuple]:
        """The architecture with one value for every stage.

        Raises:
            ValueError: if a sequence has another length.
        """
        expanded = {}
        for key, value in arch.items():
            if not isinstance(value, (list, tuple)):
                value = (value,) * self.num_stages
            check_lengths(self.num_stages, 'stages', **{f'arch.{key}': value})
            expanded[key] = tuple(value)
        return expanded

    def make_stem(self, in_channels: int, stem_channels: int) -> nn.Module:
        """Build what comes before the stages: one 3x3 convolution."""
        return ConvModule(in_channels, stem_channels, 3, padding=1, **self.cfgs)

    @property
    def chain(self) -> tuple[str, ...]:
        """``stem``, ``stages.0`` and so on."""
        return ('stem', *(f'stages.{i}' for i in range(len(self.stages))))

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        halved = self.arch.get('has_downsampler', (True,) * self.num_stages)
        return tuple(
            FeatureSpec(
                self.arch['out_channels'][i],
                self.stem_stride * 2 ** sum(halved[: i + 1]),
            )
            for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """The stem and the stages up to frozen_stages."""
        if self.frozen_stages < 0:
            return []
        return [self.stem, *self.stages[: self.frozen_stages + 1]]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        return run_stages(self.stem(x), self.stages, self.out_indices)


def _check_depth(depth: int, known: Mapping[int, Any]) -> dict[str, Any]:
    check_choice(known, depth=depth)
    return known[depth]


@MODELS.register_module()
class CSPDarkNet(CSPNet):
    """DarkNet as a cross-stage partial network, the backbone of YOLOv4.

    Args:
        depth: 53.
        in_channels: Channels of the image.
        out_indices: Which of the five stages are returned, counted from 0.
        init_cfg: Config of the initialisation.
        kwargs: ``frozen_stages``, ``conv_cfg``, ``norm_cfg``, ``act_cfg`` and
            ``norm_eval`` of ``CSPNet``.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            2, 4, 8, 16, 32.

    Raises:
        ValueError: if depth, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='CSPDarkNet', depth=53))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1024, 2, 2])
    """

    arch_settings: ClassVar[dict[int, dict[str, Any]]] = {
        53: dict(
            block_fn=DarknetBottleneck,
            in_channels=(32, 64, 128, 256, 512),
            out_channels=(64, 128, 256, 512, 1024),
            num_blocks=(1, 2, 8, 8, 4),
            expand_ratio=(2, 1, 1, 1, 1),
            bottle_ratio=(2, 1, 1, 1, 1),
            has_downsampler=True,
            down_growth=True,
        )
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (4,),
        init_cfg: dict | list[dict] | None = UNIFORM,
        **kwargs: Any,
    ) -> None:
        arch = _check_depth(depth, self.arch_settings)
        super().__init__(arch, in_channels, out_indices, init_cfg=init_cfg, **kwargs)


@MODELS.register_module()
class CSPResNet(CSPNet):
    """ResNet as a cross-stage partial network.

    Args:
        depth: 50.
        in_channels: Channels of the image.
        out_indices: Which of the four stages are returned, counted from 0.
        deep_stem: Whether three 3x3 convolutions replace the 7x7 one and the
            pooling; strides are half of what they are else.
        kwargs: ``frozen_stages``, ``conv_cfg``, ``norm_cfg``, ``act_cfg``,
            ``norm_eval`` and ``init_cfg`` of ``CSPNet``.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32.

    Raises:
        ValueError: if depth, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='CSPResNet', depth=50))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 1024, 2, 2])
    """

    arch_settings: ClassVar[dict[int, dict[str, Any]]] = {
        50: dict(
            block_fn=Bottleneck,
            in_channels=(64, 128, 256, 512),
            out_channels=(128, 256, 512, 1024),
            num_blocks=(3, 3, 5, 2),
            expand_ratio=4,
            bottle_ratio=2,
            has_downsampler=(False, True, True, True),
            down_growth=False,
        )
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        deep_stem: bool = False,
        **kwargs: Any,
    ) -> None:
        self.deep_stem = deep_stem
        self.stem_stride = 2 if deep_stem else 4
        arch = _check_depth(depth, self.arch_settings)
        super().__init__(arch, in_channels, out_indices, **kwargs)

    def make_stem(self, in_channels: int, stem_channels: int) -> nn.Module:
        """Build a 7x7 convolution and a pooling, or three 3x3 convolutions."""
        cfgs = dict(conv_cfg=self.conv_cfg, **self.cfgs)
        if self.deep_stem:
            half = stem_channels // 2
            widths = (in_channels, half, half, stem_channels)
            return nn.Sequential(
                *(
                    ConvModule(
                        widths[i], widths[i + 1], 3, 1 if i else 2, padding=1, **cfgs
                    )
                    for i in range(3)
                )
            )
        return nn.Sequential(
            ConvModule(in_channels, stem_channels, 7, stride=2, padding=3, **cfgs),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )


@MODELS.register_module()
class CSPResNeXt(CSPResNet):
    """ResNeXt as a cross-stage partial network.

    Arguments are those of :class:`CSPResNet`.

    Example:
        >>> model = MODELS.build(dict(type='CSPResNeXt', depth=50))
        >>> model.feature_specs
        (FeatureSpec(channels=2048, stride=32),)
    """

    arch_settings: ClassVar[dict[int, dict[str, Any]]] = {
        50: dict(
            block_fn=ResNeXtBottleneck,
            in_channels=(64, 256, 512, 1024),
            out_channels=(256, 512, 1024, 2048),
            num_blocks=(3, 3, 5, 2),
            expand_ratio=(4, 2, 2, 2),
            bottle_ratio=4,
            has_downsampler=(False, True, True, True),
            down_growth=False,
            block_args=dict(base_channels=32),
        )
    }
