"""What both ShuffleNets share: the stem, and how weights start."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import constant_init, normal_init
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...structures import FeatureSpec
from ..layers import ConvModule
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
    run_stages,
)

__all__ = ['BaseShuffleNet']

BATCH_NORM = dict(type='BN')
RELU = dict(type='ReLU')


class BaseShuffleNet(BaseBackbone):
    """A stem of stride 4, and layers that halve the size.

    Args:
        stem_channels: Width of the stem.
        num_layers: How many outputs there are.
        out_indices: Which layers are returned, counted from 0.
        frozen_stages: How many layers keep weights and statistics, beside the
            stem; 0 is the stem alone, -1 nothing.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to save memory by computing each block again in the backward
            pass.
        init_cfg: Config of the initialisation.

    Override:
        make_layers: fills ``self.layers``, and returns the width of each.
    """

    def __init__(
        self,
        stem_channels: int,
        num_layers: int,
        out_indices: int | Sequence[int],
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.out_indices = check_out_indices(out_indices, num_layers)
        self.frozen_stages = check_frozen_stages(frozen_stages, num_layers - 1)
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        self.cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.conv1 = ConvModule(3, stem_channels, 3, stride=2, padding=1, **self.cfgs)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layers = nn.ModuleList()
        self._widths = self.make_layers(stem_channels)
        self.freeze_parts()

    def make_layers(self, in_channels: int) -> list[int]:
        """Fill ``self.layers``, and return the width of each."""
        raise NotImplementedError

    def init_weights(self) -> None:
        """As init_cfg says; then small normal weights, and norms that are alive."""
        super().init_weights()
        if self.is_pretrained:
            return
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                fan = module.weight.shape[1]
                normal_init(module, std=0.01 if 'conv1' in name else 1.0 / fan)
            elif isinstance(module, (_BatchNorm, nn.GroupNorm)):
                constant_init(module, val=1, bias=0.0001)
                if isinstance(module, _BatchNorm) and module.running_mean is not None:
                    nn.init.zeros_(module.running_mean)

    @property
    def chain(self) -> tuple[str, ...]:
        """``conv1``, ``maxpool``, ``layers.0`` and so on."""
        layers = (f'layers.{i}' for i in range(len(self.layers)))
        return ('conv1', 'maxpool', *layers)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every layer that is returned."""
        return tuple(
            FeatureSpec(self._widths[i], 8 * 2 ** min(i, 2)) for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """The stem, and as many layers as frozen_stages says."""
        return self.frozen_stem_and_stages(('conv1',), self.layers)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the layers that out_indices names."""
        return run_stages(self.maxpool(self.conv1(x)), self.layers, self.out_indices)
