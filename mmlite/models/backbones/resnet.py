"""ResNet, with the stem and shortcut of its variants C and D.

Papers: Deep Residual Learning for Image Recognition, CVPR 2016,
https://arxiv.org/abs/1512.03385; Bag of Tricks for Image Classification with
Convolutional Neural Networks, CVPR 2019, https://arxiv.org/abs/1812.01187
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod
from typing import Any, ClassVar, Literal

from mmengine.model import constant_init
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    BasicBlock,
    Bottleneck,
    ConvModule,
    ResidualBlock,
    ResLayer,
    build_conv_layer,
    build_norm_layer,
    get_expansion,
)
from .archs import check_lengths
from .base_backbone import (
    CONV_INIT,
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)

__all__ = ['ResNet', 'ResNetV1c', 'ResNetV1d']

BATCH_NORM = dict(type='BN', requires_grad=True)
# How many blocks of the second and the third stage share a rate, by their numbers.
SHARING_A_RATE = {(8, 36): (4, 4), (24, 36): (4, 4), (30, 48): (5, 6)}


@MODELS.register_module()
class ResNet(BaseBackbone):
    """Residual network of 18 to 152 layers.

    Args:
        depth: 18, 34, 50, 101 or 152.
        in_channels: Channels of the image.
        stem_channels: Width of the stem.
        base_channels: Width of the first stage, before expansion; it doubles
            from stage to stage.
        expansion: Output over inner width of a block; ``None`` is 1 up to
            depth 34, 4 above.
        num_stages: How many stages are built, 1 to 4.
        strides: Stride of each stage, in pixels.
        dilations: Dilation of each stage, in pixels.
        out_indices: Which stages are returned, counted from 0.
        style: Which convolution of a bottleneck has the stride: the 3x3 one
            for ``'pytorch'``, the first for ``'caffe'``.
        deep_stem: Whether three 3x3 convolutions replace the 7x7 one.
        avg_down: Whether shortcuts average, instead of dropping pixels.
        frozen_stages: How many stages keep weights and statistics, beside the
            stem; 0 is the stem alone, -1 nothing.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        zero_init_residual: Whether every block starts as its shortcut alone.
        init_cfg: Config of the initialisation.
        drop_path_rate: Rate of stochastic depth of every block, a fraction.

    Override:
        _make_stem_layer: the layers before the first stage; positional
            arguments are the image's and the stem's channels.
        make_res_layer: one stage.
        arch_settings: block class and number of blocks by depth.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32.

    Raises:
        ValueError: if depth, num_stages, strides, dilations, out_indices or
            frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='ResNet', depth=18, out_indices=(2, 3)))
        >>> [tuple(out.shape) for out in model(torch.zeros(1, 3, 64, 64))]
        [(1, 256, 4, 4), (1, 512, 2, 2)]
        >>> model.feature_specs[-1]
        FeatureSpec(channels=512, stride=32)
    """

    arch_settings: ClassVar[dict[int, tuple[type[ResidualBlock], tuple[int, ...]]]] = {
        18: (BasicBlock, (2, 2, 2, 2)),
        34: (BasicBlock, (3, 4, 6, 3)),
        50: (Bottleneck, (3, 4, 6, 3)),
        101: (Bottleneck, (3, 4, 23, 3)),
        152: (Bottleneck, (3, 8, 36, 3)),
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        stem_channels: int = 64,
        base_channels: int = 64,
        expansion: int | None = None,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
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
        init_cfg: dict | list[dict] | None = CONV_INIT,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__(init_cfg)
        self._check_stages(num_stages, strides=strides, dilations=dilations)
        self.depth = depth
        self.stem_channels = stem_channels
        self.base_channels = base_channels
        self.num_stages = num_stages
        self.strides = tuple(strides)
        self.dilations = tuple(dilations)
        self.out_indices = check_out_indices(out_indices, num_stages)
        self.style = style
        self.deep_stem = deep_stem
        self.avg_down = avg_down
        self.frozen_stages = check_frozen_stages(frozen_stages, num_stages)
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.with_cp = with_cp
        self.norm_eval = norm_eval
        self.zero_init_residual = zero_init_residual
        self.block, stage_blocks = self._settings_of(depth)
        self.stage_blocks = stage_blocks[:num_stages]
        self.expansion = get_expansion(self.block, expansion)
        self.drop_path_rate = drop_path_rate
        self._make_stem_layer(in_channels, stem_channels)
        self._stem_layers = tuple(name for name, _ in self.named_children())
        self._stem_stride = _stride_of(self)
        self.res_layers: list[str] = []
        self._widths: list[int] = []
        self._make_stages()
        self.freeze_parts()

    def _settings_of(self, depth: int) -> tuple[type[ResidualBlock], Sequence[int]]:
        check_choice(self.arch_settings, depth=depth)
        return self.arch_settings[depth]

    @staticmethod
    def _check_stages(num_stages: int, **per_stage: Sequence[int]) -> None:
        if not 1 <= num_stages <= 4:
            raise ValueError(f'num_stages={num_stages} must be from 1 to 4')
        check_lengths(num_stages, 'stages', **per_stage)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        if self.deep_stem:
            common = dict(
                kernel_size=3,
                padding=1,
                conv_cfg=self.conv_cfg,
                norm_cfg=self.norm_cfg,
            )
            half = stem_channels // 2
            self.stem = nn.Sequential(
                ConvModule(in_channels, half, stride=2, **common),
                ConvModule(half, half, **common),
                ConvModule(half, stem_channels, **common),
            )
        else:
            self.conv1 = build_conv_layer(
                self.conv_cfg,
                in_channels,
                stem_channels,
                kernel_size=7,
                stride=2,
                padding=3,
                bias=False,
            )
            self._add_stem_norm(stem_channels)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)

    def _add_stem_norm(self, stem_channels: int) -> None:
        self.norm1_name, norm1 = build_norm_layer(
            self.norm_cfg, stem_channels, postfix=1
        )
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def _make_stages(self) -> None:
        in_channels = self.stem_channels
        out_channels = self.base_channels * self.expansion
        for i, num_blocks in enumerate(self.stage_blocks):
            stage = self.make_res_layer(
                block=self.block,
                num_blocks=num_blocks,
                in_channels=in_channels,
                out_channels=out_channels,
                expansion=self.expansion,
                stride=self.strides[i],
                dilation=self.dilations[i],
                style=self.style,
                avg_down=self.avg_down,
                with_cp=self.with_cp,
                conv_cfg=self.conv_cfg,
                norm_cfg=self.norm_cfg,
                drop_path_rate=self.drop_path_rate,
            )
            self._add_stage(stage, out_channels)
            in_channels, out_channels = out_channels, out_channels * 2

    def _add_stage(self, stage: nn.Module, out_channels: int) -> None:
        name = f'layer{len(self.res_layers) + 1}'
        self.add_module(name, stage)
        self.res_layers.append(name)
        self.feat_dim = out_channels
        self._widths.append(out_channels)

    def make_res_layer(self, **kwargs: Any) -> nn.Module:
        """Build one stage; arguments are those of ``ResLayer``."""
        return ResLayer(**kwargs)

    @property
    def norm1(self) -> nn.Module:
        """The norm of the stem; there is none with deep_stem."""
        return getattr(self, self.norm1_name)

    @property
    def chain(self) -> tuple[str, ...]:
        """The layers of the stem, then ``layer1`` to ``layer4``."""
        return (*self._stem_layers, *self.res_layers)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        return tuple(
            FeatureSpec(
                self._widths[i], self._stem_stride * prod(self.strides[: i + 1])
            )
            for i in self.out_indices
        )

    def init_weights(self) -> None:
        """As init_cfg says; the last norm of a block is 0 if asked for."""
        super().init_weights()
        if self.is_pretrained or not self.zero_init_residual:
            return
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                constant_init(module.last_norm, 0)

    def frozen_parts(self) -> list[nn.Module]:
        """The stem, and as many stages as frozen_stages says."""
        return self.frozen_stem_and_stages(self._stem_layers, self.res_layers)

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """How deep a parameter lies, for rates that fall layer by layer.

        The first stage, the last one, and every few blocks of the others are a layer.

        Args:
            param_name: Name of the parameter.
            prefix: What the names of the backbone's parameters start with.

        Returns:
            The depth, 0 for the stem, and the number of depths.
        """
        middle = tuple(self.stage_blocks[1:3])
        sizes = [*self.stage_blocks]
        sizes[1:3] = SHARING_A_RATE.get(middle, (2, 3))[: len(middle)]
        starts = [1]
        for blocks, size in zip(self.stage_blocks, sizes, strict=True):
            starts.append(starts[-1] + ceil(blocks / size))
        last = starts[-1]
        stage, *rest = param_name.removeprefix(prefix).split('.')
        if not param_name.startswith(prefix):
            return last, last + 1
        if stage not in self.res_layers:
            return 0, last + 1
        i = self.res_layers.index(stage)
        return starts[i] + int(rest[0]) // sizes[i], last + 1

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        if self.deep_stem:
            x = self.stem(x)
        else:
            x = self.relu(self.norm1(self.conv1(x)))
        return self._forward_stages(self.maxpool(x))

    def _forward_stages(self, x: Tensor) -> tuple[Tensor, ...]:
        outs = []
        for i, name in enumerate(self.res_layers):
            x = getattr(self, name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


def _stride_of(stem: nn.Module) -> int:
    """Stride of layers that follow each other."""
    strides = (
        module.stride
        for module in stem.modules()
        if isinstance(module, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d))
    )
    return prod(s if isinstance(s, int) else s[0] for s in strides)


@MODELS.register_module()
class ResNetV1c(ResNet):
    """ResNet with three 3x3 convolutions as its stem.

    Arguments are those of :class:`ResNet`, without deep_stem and avg_down.

    Example:
        >>> model = MODELS.build(dict(type='ResNetV1c', depth=50))
        >>> model.feature_specs
        (FeatureSpec(channels=2048, stride=32),)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(deep_stem=True, avg_down=False, **kwargs)


@MODELS.register_module()
class ResNetV1d(ResNet):
    """:class:`ResNetV1c` whose shortcuts average before they shrink.

    Arguments are those of :class:`ResNet`, without deep_stem and avg_down.

    Example:
        >>> model = MODELS.build(dict(type='ResNetV1d', depth=50))
        >>> model.feature_specs
        (FeatureSpec(channels=2048, stride=32),)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(deep_stem=True, avg_down=True, **kwargs)
