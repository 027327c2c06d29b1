"""VGG.

Paper: Very Deep Convolutional Networks for Large-Scale Image Recognition,
ICLR 2015, https://arxiv.org/abs/1409.1556
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ConvModule
from .base_backbone import BaseBackbone, check_frozen_stages, check_out_indices

__all__ = ['VGG']

RELU = dict(type='ReLU')
INIT = [
    dict(type='Kaiming', layer=['Conv2d']),
    dict(type='Constant', val=1.0, layer=['_BatchNorm']),
    dict(type='Normal', std=0.01, layer=['Linear']),
]


@MODELS.register_module()
class VGG(BaseBackbone):
    """Stages of 3x3 convolutions, each with a max pooling at its end.

    Args:
        depth: 11, 13, 16 or 19.
        num_classes: Number of logits ``K``; -1 has no classifier.
        num_stages: How many stages are built, 1 to 5.
        dilations: Dilation of each stage, in pixels.
        out_indices: Which stages are returned, counted from 0; ``None`` is the
            last, or nothing but the logits if there is a classifier. The
            logits are the last output wherever there are any.
        frozen_stages: How many stages keep weights and statistics.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms; ``None`` has none.
        act_cfg: Config of the activations.
        norm_eval: Whether batch norms keep their statistics in training.
        ceil_mode: Whether the pooling rounds the size up, so that a remaining row or
            column is kept.
        with_last_pool: Whether the last stage has its pooling.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)``; 224 pixels where there is a classifier.
        returns: one ``(B, C, H / stride, W / stride)`` per index, with strides
            2, 4, 8, 16, 32, and ``(B, K)`` with a classifier.

    Raises:
        ValueError: if depth, num_stages, dilations, out_indices or
            frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='VGG', depth=11, out_indices=(2, 4)))
        >>> [tuple(out.shape) for out in model(torch.zeros(1, 3, 64, 64))]
        [(1, 256, 8, 8), (1, 512, 2, 2)]
    """

    arch_settings: ClassVar[dict[int, tuple[int, ...]]] = {
        11: (1, 1, 2, 2, 2),
        13: (2, 2, 2, 2, 2),
        16: (2, 2, 3, 3, 3),
        19: (2, 2, 4, 4, 4),
    }
    widths = (64, 128, 256, 512, 512)

    def __init__(
        self,
        depth: int,
        num_classes: int = -1,
        num_stages: int = 5,
        dilations: Sequence[int] = (1, 1, 1, 1, 1),
        out_indices: int | Sequence[int] | None = None,
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict | None = None,
        act_cfg: dict = RELU,
        norm_eval: bool = False,
        ceil_mode: bool = False,
        with_last_pool: bool = True,
        init_cfg: dict | list[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        check_choice(self.arch_settings, depth=depth)
        if not 1 <= num_stages <= 5 or len(dilations) != num_stages:
            raise ValueError(
                f'num_stages={num_stages} must be from 1 to 5, with as many dilations '
                f'(got {len(dilations)})'
            )
        self.num_classes = num_classes
        self.num_stages = num_stages
        self.frozen_stages = check_frozen_stages(frozen_stages, num_stages)
        self.norm_eval = norm_eval
        self.with_last_pool = with_last_pool
        with_logits = num_classes > 0
        if out_indices is None:
            out_indices = (num_stages,) if with_logits else (num_stages - 1,)
        self.out_indices = check_out_indices(out_indices, num_stages + with_logits)
        common = dict(
            kernel_size=3,
            bias=True,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        layers: list[nn.Module] = []
        self._ends: list[int] = []
        channels = 3
        for depth_, width, dilation in zip(
            self.arch_settings[depth], self.widths, dilations, strict=False
        ):
            for _ in range(depth_):
                same = dict(dilation=dilation, padding=dilation)
                layers.append(ConvModule(channels, width, **same, **common))
                channels = width
            layers.append(nn.MaxPool2d(2, stride=2, ceil_mode=ceil_mode))
            self._ends.append(len(layers))
        if not with_last_pool:
            layers.pop()
            self._ends[-1] -= 1
        self.features = nn.Sequential(*layers)
        if with_logits:
            self.classifier = nn.Sequential(
                nn.Linear(512 * 7 * 7, 4096),
                nn.ReLU(inplace=True),
                nn.Dropout(),
                nn.Linear(4096, 4096),
                nn.ReLU(inplace=True),
                nn.Dropout(),
                nn.Linear(4096, num_classes),
            )
        self.freeze_parts()

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned, then the logits."""
        last = self.num_stages - 1
        specs = [
            FeatureSpec(self.widths[i], 2 ** (i + (i != last or self.with_last_pool)))
            for i in self.out_indices
            if i <= last
        ]
        if self.num_classes > 0:
            specs.append(FeatureSpec(self.num_classes))
        return tuple(specs)

    def frozen_parts(self) -> list[nn.Module]:
        """As many stages as frozen_stages says."""
        if self.frozen_stages < 1:
            return []
        return list(self.features[: self._ends[self.frozen_stages - 1]])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names, and the logits."""
        outs = []
        for i, layer in enumerate(self.features, start=1):
            x = layer(x)
            if i in self._ends and self._ends.index(i) in self.out_indices:
                outs.append(x)
        if self.num_classes > 0:
            outs.append(self.classifier(x.flatten(1)))
        return tuple(outs)
