"""The plan that ConvNeXt, HorNet and EdgeNeXt share."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import Sequential
from torch import Tensor, nn

from ...structures import FeatureSpec
from ..layers import build_norm_layer, drop_path_rates
from .base_backbone import BaseBackbone, check_frozen_stages, check_out_indices

__all__ = ['LAYER_NORM', 'PatchStages']

LAYER_NORM = dict(type='LN2d', eps=1e-6)


class PatchStages(BaseBackbone):
    """Stages of blocks, before each of which patches become pixels.

    Args:
        depths: Blocks of each stage.
        channels: Width of each stage.
        in_channels: Channels of the image.
        stem_patch_size: Edge of a patch of the first stage, in pixels; it is 2 in the
            others.
        norm_cfg: Config of the norms.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: How many stages keep their weights.
        gap_before_final_norm: Whether a stage that is returned is averaged
            before its norm, so that it is a vector.
        init_cfg: Config of the initialisation.

    Override:
        make_block: one block.
        make_patch_conv: the convolution that makes a pixel of a patch.
        make_out_norm: the norm of what is returned.
        after_stage: what happens to the output of a stage.

    Raises:
        ValueError: if there are not as many depths as channels, or out_indices
            or frozen_stages is out of range.
    """

    def __init__(
        self,
        depths: Sequence[int],
        channels: Sequence[int],
        in_channels: int = 3,
        stem_patch_size: int = 4,
        norm_cfg: dict = LAYER_NORM,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.depths, self.channels = tuple(depths), tuple(channels)
        if len(self.depths) != len(self.channels):
            raise ValueError(
                f'arch has {len(self.depths)} depths for {len(self.channels)} widths; '
                'give one of each for every stage'
            )
        self.num_stages = len(self.depths)
        self.norm_cfg = norm_cfg
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages)
        self.gap_before_final_norm = gap_before_final_norm
        self._stem_stride = stem_patch_size
        self.make_first()
        self.downsample_layers = nn.ModuleList()
        self.stages = nn.ModuleList()
        before = in_channels
        rates = drop_path_rates(drop_path_rate, self.depths)
        for i, width in enumerate(self.channels):
            size = 2 if i else stem_patch_size
            conv = self.make_patch_conv(before, width, size)
            norm = build_norm_layer(norm_cfg, before if i else width)[1]
            layers = (norm, conv) if i else (conv, norm)
            self.downsample_layers.append(nn.Sequential(*layers))
            blocks = (self.make_block(i, j, rate) for j, rate in enumerate(rates[i]))
            self.stages.append(Sequential(*blocks))
            if i in self.out_indices:
                self.add_module(f'norm{i}', self.make_out_norm(width))
            before = width
        self.freeze_parts()

    def make_first(self) -> None:
        """Add what comes before the stages in the state dict."""

    def make_block(self, stage: int, place: int, drop_path_rate: float) -> nn.Module:
        """Build a block of a stage."""
        raise NotImplementedError

    def make_patch_conv(
        self, in_channels: int, out_channels: int, size: int
    ) -> nn.Module:
        """Build the convolution before a stage."""
        return nn.Conv2d(in_channels, out_channels, size, stride=size)

    def make_out_norm(self, channels: int) -> nn.Module:
        """Build the norm of what a stage gives."""
        return build_norm_layer(self.norm_cfg, channels)[1]

    def after_stage(self, stage: int, x: Tensor) -> Tensor:
        """What goes on, given what the blocks of a stage give."""
        return x

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every stage that is returned; its stride if it is a map."""
        if self.gap_before_final_norm:
            return tuple(FeatureSpec(self.channels[i]) for i in self.out_indices)
        return tuple(
            FeatureSpec(self.channels[i], self._stem_stride * 2**i)
            for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """As many stages as frozen_stages says, with what leads to them."""
        count = max(self.frozen_stages, 0)
        return [*self.downsample_layers[:count], *self.stages[:count]]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages that out_indices names."""
        outs = []
        for i, stage in enumerate(self.stages):
            x = self.after_stage(i, stage(self.downsample_layers[i](x)))
            if i in self.out_indices:
                outs.append(self._out(getattr(self, f'norm{i}'), x))
        return tuple(outs)

    def _out(self, norm: nn.Module, x: Tensor) -> Tensor:
        if not self.gap_before_final_norm:
            return norm(x)
        x = x.mean((-2, -1), keepdim=True)
        if type(norm) is nn.LayerNorm:
            return norm(x.flatten(1))  # it takes vectors, not maps
        return norm(x).flatten(1)
