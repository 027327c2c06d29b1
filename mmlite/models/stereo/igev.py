"""IGEV: an estimate from a cost volume, improved step by step."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ...ops import (
    RowLookup,
    context_upsample,
    group_correlation_volume,
    regress_disparity,
    row_correlation,
    row_pyramid,
)
from ...registry import MODELS
from ..layers.igev import (
    GeometryHourglass,
    IGEVFeatures,
    JoinedMaps,
    VolumeGate,
    conv_bn_leaky_3d,
    conv_in,
)
from ..model_cfg import ModelCfg
from .recurrent import RecurrentStereo

__all__ = ['IGEV']

_GROUPS = 8


def _stem(in_channels: int, channels: int, stride: int) -> nn.Sequential:
    """Two convolutions with instance norms."""
    return nn.Sequential(
        conv_in(in_channels, channels, stride),
        nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
        nn.InstanceNorm2d(channels),
        nn.ReLU(),
    )


@MODELS.register_module()
class IGEV(RecurrentStereo):
    """A refined cost volume gives the first disparity, and what is looked up later.

    Paper: Iterative Geometry Encoding Volume for Stereo Matching, CVPR 2023,
    https://arxiv.org/abs/2303.06615

    Batch norms keep the statistics of their checkpoint (``norm_eval``).

    Args:
        max_disp: Number of disparities, a multiple of 32 px.
        hidden_dims: Widths of the hidden states, from coarse to fine.
        n_gru_layers: Number of their sizes, 1 to 3.
        corr_levels: Number of levels of what is looked up.
        corr_radius: How far it is looked up to either side.
        slow_fast_gru: Whether coarse states take more steps.
        train_iters: Iterations in training.
        valid_iters: Iterations otherwise.
        norm_eval: Whether batch norms keep their statistics in training.
        kwargs: See :class:`~mmlite.models.stereo.BaseModel`.

    Shape:
        ref_img, tgt_img: ``(B, 3, H, W)``, multiples of 32.
        pred_disparity: ``(H, W)`` of a sample, px.

    Raises:
        ConfigError: if ``max_disp`` is no multiple of 32.

    Example:
        >>> cfg = dict(type='IGEV', max_disp=32, valid_iters=1)
        >>> model = MODELS.build(cfg).eval()
        >>> view = torch.zeros(1, 3, 40, 64, dtype=torch.uint8)
        >>> pair = dict(inputs=dict(ref_img=view, tgt_img=view))
        >>> model.test_step(pair)[0].pred_disparity.shape
        torch.Size([40, 64])
    """

    disparity_divisor: ClassVar[int] = 32
    scales: ClassVar[tuple[str, ...]] = ('04', '08', '16')
    motion: ClassVar[str] = 'd'
    default_losses: ClassVar[dict[str, dict]] = {
        'disp': dict(type='DisparitySequenceLoss', num_single=1)
    }

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The context and the units; features, their volume, and two enlargements."""
        self.max_disp = 192 if self.max_disp is None else self.max_disp
        self.num_disp = self.check_max_disp() // 4
        defaults = dict(corr_levels=2, train_iters=22, slow_fast_gru=True)
        hidden = self.build_recurrence(model_cfg, 2, 1 + _GROUPS, **defaults)
        self.update_block.mask_feat_4 = nn.Sequential(
            nn.Conv2d(hidden[2], 32, 3, padding=1), nn.ReLU(inplace=True)
        )
        self.build_contexts(hidden)
        self.feature = IGEVFeatures()
        self.stem_2 = _stem(3, 32, 2)
        self.stem_4 = _stem(32, 48, 2)
        self.spx = nn.Sequential(nn.ConvTranspose2d(64, 9, 4, 2, 1))
        self.spx_2 = JoinedMaps(24, 32)
        self.spx_4 = _stem(96, 24, 1)
        self.spx_2_gru = JoinedMaps(32, 32, nn.BatchNorm2d)
        self.spx_gru = nn.Sequential(nn.ConvTranspose2d(64, 9, 4, 2, 1))
        self.conv = conv_in(96, 96)
        self.desc = nn.Conv2d(96, 96, 1)
        self.corr_stem = conv_bn_leaky_3d(_GROUPS, _GROUPS)
        self.corr_feature_att = VolumeGate(_GROUPS, 96)
        self.cost_agg = GeometryHourglass(_GROUPS)
        self.classifier = nn.Conv3d(_GROUPS, 1, 3, 1, 1, bias=False)

    def estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """The first, and that after each iteration; the last one if not in training."""
        maps, half = self._features(left)
        first, second = (
            self.desc(self.conv(finest))
            for finest in (maps[0], self._features(right)[0][0])
        )
        volume = group_correlation_volume(first, second, self.num_disp, _GROUPS)
        volume = self.corr_feature_att(self.corr_stem(volume), maps[0])
        volume = self.cost_agg(volume, maps[1:])
        disparity = regress_disparity(self.classifier(volume).squeeze(1), keepdim=True)
        found = []
        if self.training:
            fine = self.spx_2(self.spx_4(maps[0]), half)
            found.append(_enlarged(disparity, self.spx(fine)))

        states, gates = self.begin(self.cnet(left, self.num_layers)[0])
        corr = row_correlation(first, second, scaled=False)
        around = [
            RowLookup(row_pyramid(rows, self.levels), self.radius)
            for rows in (volume.float().permute(0, 3, 4, 1, 2), corr.unsqueeze(3))
        ]
        iters = self.train_iters if self.training else self.valid_iters
        for i in range(iters):
            disparity = disparity.detach()
            seen = [
                x.to(states[0].dtype) for x in (_pieces(around, disparity), disparity)
            ]
            states, change = self.update_block(states, gates, *seen, self.slow_fast)
            disparity = disparity + change
            if self.training or i == iters - 1:
                fine = self.spx_2_gru(self.update_block.mask_feat_4(states[0]), half)
                found.append(_enlarged(disparity, self.spx_gru(fine)))
        return found

    def _features(self, view: Tensor) -> tuple[list[Tensor], Tensor]:
        """Maps at a quarter of the size and below; one at half of it."""
        maps = self.feature(view)
        half = self.stem_2(view)
        return [torch.cat([maps[0], self.stem_4(half)], dim=1), *maps[1:]], half


def _pieces(around: list[RowLookup], disparity: Tensor) -> Tensor:
    """Pieces of the volume and of the correlations around the disparity."""
    shift = disparity.squeeze(1).unsqueeze(-1)  # (B, H, W, 1), as their channels
    own = torch.arange(shift.size(2), device=shift.device, dtype=shift.dtype)
    of_volume, of_views = around
    pieces = of_volume(shift), of_views(own.unsqueeze(-1) - shift)
    both = torch.cat(pieces, dim=3).transpose(3, 4)  # (B, H, W, L, C, 2 r + 1)
    return both.flatten(3).permute(0, 3, 1, 2)


def _enlarged(disparity: Tensor, logits: Tensor) -> Tensor:
    return context_upsample(4 * disparity, logits.softmax(dim=1)).squeeze(1)
