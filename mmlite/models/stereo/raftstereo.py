"""RAFT-Stereo: an estimate that is improved step by step."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...ops import RowLookup, convex_upsample, row_correlation, row_pyramid
from ...registry import MODELS
from ..layers.raft_encoder import RAFTEncoder, RAFTResidual
from ..model_cfg import ModelCfg
from .base import of_both
from .recurrent import RecurrentStereo

__all__ = ['RAFTStereo']


@MODELS.register_module()
class RAFTStereo(RecurrentStereo):
    """Recurrent units look up correlations around the present estimate and change it.

    Paper: RAFT-Stereo: Multilevel Recurrent Field Transforms for Stereo Matching, 3DV
    2021, https://arxiv.org/abs/2109.07547

    The authors' network predicts the horizontal flow, here it is the disparity, its
    negative. Batch norms keep the statistics of their checkpoint (``norm_eval``).

    Args:
        hidden_dims: Widths of the hidden states, from coarse to fine.
        n_downsample: How often the size is halved for the finest of them.
        n_gru_layers: Number of sizes, 1 to 3.
        corr_levels: Number of levels of the correlations.
        corr_radius: How far they are looked up to either side.
        shared_backbone: Whether the context is also what is matched (realtime).
        slow_fast_gru: Whether coarse states take more steps (realtime).
        train_iters: Iterations in training.
        valid_iters: Iterations otherwise.
        norm_eval: Whether batch norms keep their statistics in training.
        kwargs: See :class:`~mmlite.models.stereo.BaseModel`. The ground truth counts
            below ``max_disp``; the network itself has no largest disparity.

    Shape:
        ref_img, tgt_img: ``(B, 3, H, W)``, multiples of 32.
        pred_disparity: ``(H, W)`` of a sample, px.

    Example:
        >>> model = MODELS.build(dict(type='RAFTStereo', valid_iters=1)).eval()
        >>> view = torch.zeros(1, 3, 40, 64, dtype=torch.uint8)
        >>> pair = dict(inputs=dict(ref_img=view, tgt_img=view))
        >>> model.test_step(pair)[0].pred_disparity.shape
        torch.Size([40, 64])
    """

    default_losses: ClassVar[dict[str, dict]] = {
        'disp': dict(type='DisparitySequenceLoss')
    }

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The encoders and the update."""
        self.shared_backbone = model_cfg.get('shared_backbone', False)
        halvings = model_cfg.get('n_downsample', 2)
        self.factor = 2**halvings
        hidden = self.build_recurrence(model_cfg, halvings)
        self.update_block.mask = nn.Sequential(
            nn.Conv2d(hidden[2], 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 9 * self.factor**2, 1),
        )
        self.build_contexts(hidden)
        if self.shared_backbone:
            self.conv2 = nn.Sequential(
                RAFTResidual(128, 128, 'instance'), nn.Conv2d(128, 256, 3, padding=1)
            )
        else:
            self.fnet = RAFTEncoder(256, halvings)

    def estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """After each iteration in training, after the last one otherwise."""
        states, gates, first, second = self._encode(left, right)
        levels = row_pyramid(row_correlation(first, second), self.levels)
        around = RowLookup(levels, self.radius)
        batch, _, height, width = first.shape
        # In float32 throughout: others cannot tell columns and parts of a pixel apart.
        own = torch.arange(width, device=left.device, dtype=torch.float32)
        flow = own.new_zeros(batch, 1, height, width)
        found = []
        iters = self.train_iters if self.training else self.valid_iters
        for i in range(iters):
            flow = flow.detach()
            corr = around(flow.squeeze(1) + own).flatten(3).permute(0, 3, 1, 2)
            motion = torch.cat([flow, torch.zeros_like(flow)], dim=1)
            seen = [x.to(states[0].dtype) for x in (corr, motion)]
            states, change = self.update_block(states, gates, *seen, self.slow_fast)
            flow = flow + change[:, :1]
            if self.training or i == iters - 1:
                found.append(self._enlarged(flow, states[0]))
        return found

    def _encode(self, left: Tensor, right: Tensor) -> tuple[Any, ...]:
        if self.shared_backbone:
            pair = torch.cat([left, right])
            maps, whole = self.cnet(pair, self.num_layers, num_left=left.size(0))
            first, second = of_both(self.conv2(whole), left)
        else:
            maps, _ = self.cnet(left, self.num_layers)
            first, second = of_both(self.fnet(torch.cat([left, right])), left)
        return *self.begin(maps), first, second

    def _enlarged(self, flow: Tensor, state: Tensor) -> Tensor:
        weights = 0.25 * self.update_block.mask(state)
        disparity = -self.factor * flow
        return convex_upsample(disparity, weights, self.factor).squeeze(1)
