"""The projection of SwAV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from ..layers import build_norm_layer
from .nonlinear_neck import ONES, SYNC_BN, ProjectionNeck

__all__ = ['SwAVNeck']


@MODELS.register_module()
class SwAVNeck(ProjectionNeck):
    """Project crops of several sizes to the unit sphere.

    Paper: Unsupervised Learning of Visual Features by Contrasting Cluster
    Assignments, NeurIPS 2020, https://arxiv.org/abs/2006.09882

    Args:
        in_channels: Width of the feature.
        hid_channels: Width of the hidden layer; 0 has a single linear layer.
        out_channels: Width after the projection; 0 has no projection at all.
        with_avg_pool: Whether the feature is a map, which is averaged first.
        with_l2norm: Whether the result is scaled to length 1.
        norm_cfg: Config of the batch norm.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        inputs: features of the crops of each size, ``(N, in_channels, H, W)``, or
            tuples whose last entry is.
        returns: ``(sum of N, out_channels)``.

    Example:
        >>> neck = MODELS.build(dict(
        ...     type='SwAVNeck', in_channels=8, hid_channels=8, out_channels=4))
        >>> neck([(torch.rand(4, 8, 7, 7), ), (torch.rand(12, 8, 3, 3), )]).shape
        torch.Size([16, 4])
    """

    promise: ClassVar[str] = 'CropNeck'

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        with_avg_pool: bool = True,
        with_l2norm: bool = True,
        norm_cfg: dict = SYNC_BN,
        init_cfg: dict | Sequence[dict] | None = ONES,
    ) -> None:
        width = out_channels or in_channels
        super().__init__(in_channels, width, with_avg_pool, init_cfg)
        self.with_l2norm = with_l2norm
        if out_channels == 0:
            self.projection_neck = nn.Identity()
        elif hid_channels == 0:
            self.projection_neck = nn.Linear(in_channels, out_channels)
        else:
            # Under two names, as in the checkpoints of mmpretrain.
            self.norm = build_norm_layer(norm_cfg, hid_channels)[1]
            self.projection_neck = nn.Sequential(
                nn.Linear(in_channels, hid_channels),
                self.norm,
                nn.ReLU(inplace=True),
                nn.Linear(hid_channels, out_channels),
            )

    def project(self, x: Tensor) -> Tensor:
        """The projection of vectors."""
        x = self.projection_neck(x)
        return F.normalize(x, dim=1) if self.with_l2norm else x

    def forward(self, inputs: Sequence[Tensor | Sequence[Tensor]]) -> Tensor:
        """The projections of all crops, one size after the other."""
        return self.project(torch.cat([self.pool(feats) for feats in inputs]))
