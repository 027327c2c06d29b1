"""The projections of MoCo v2 and DenseCL."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from ...structures import FeatureSpec
from .nonlinear_neck import ProjectionNeck

__all__ = ['DenseCLNeck', 'MoCoV2Neck']


@MODELS.register_module()
class MoCoV2Neck(ProjectionNeck):
    """Two linear layers with a ReLU.

    Paper: Improved Baselines with Momentum Contrastive Learning,
    https://arxiv.org/abs/2003.04297

    Args:
        in_channels: Width of the feature.
        hid_channels: Width of the hidden layer.
        out_channels: Width after the projection.
        with_avg_pool: Whether the feature is a map, which is averaged first.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        inputs: ``(B, in_channels, H, W)``, without pooling ``(B, in_channels)``, or a
            tuple whose last entry is.
        returns: a tuple of one ``(B, out_channels)``.

    Example:
        >>> import torch
        >>> neck = MODELS.build(dict(
        ...     type='MoCoV2Neck', in_channels=8, hid_channels=8, out_channels=4))
        >>> neck((torch.rand(2, 8, 7, 7), ))[0].shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        with_avg_pool: bool = True,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, with_avg_pool, init_cfg)
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hid_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hid_channels, out_channels),
        )

    def project(self, x: Tensor) -> Tensor:
        """The output of the second layer."""
        return self.mlp(x)


@MODELS.register_module()
class DenseCLNeck(BaseModule):
    """Project the average of a map, and every place of it.

    Paper: Dense Contrastive Learning for Self-Supervised Visual Pre-Training, CVPR
    2021, https://arxiv.org/abs/2011.09157

    Args:
        in_channels: Width of the feature.
        hid_channels: Width of the hidden layers.
        out_channels: Width after the projection.
        num_grid: Number of rows and of columns that the map is averaged to, before its
            places are projected; None takes the map as it is.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        inputs: ``(B, in_channels, H, W)``, or a tuple whose last entry is.
        returns: the projected average ``(B, out_channels)``, the projected places
            ``(B, out_channels, L)``, and the mean of these ``(B, out_channels)``.

    Example:
        >>> import torch
        >>> neck = MODELS.build(dict(
        ...     type='DenseCLNeck', in_channels=8, hid_channels=8, out_channels=4))
        >>> [x.shape for x in neck((torch.rand(2, 8, 7, 7), ))]
        [torch.Size([2, 4]), torch.Size([2, 4, 49]), torch.Size([2, 4])]
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        num_grid: int | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.num_grid = num_grid
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hid_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hid_channels, out_channels),
        )
        self.mlp2 = nn.Sequential(
            nn.Conv2d(in_channels, hid_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hid_channels, out_channels, 1),
        )

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs for those of the inputs."""
        stride = None if self.num_grid else specs[-1].stride
        widths = (None, stride or 1, None)
        return tuple(FeatureSpec(self.out_channels, stride) for stride in widths)

    def grid(self, x: Tensor) -> Tensor:
        """A map at the size whose places are projected."""
        return F.adaptive_avg_pool2d(x, self.num_grid) if self.num_grid else x

    def forward(
        self, inputs: Tensor | Sequence[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The projections."""
        x = inputs if isinstance(inputs, Tensor) else inputs[-1]
        dense = self.mlp2(self.grid(x)).flatten(2)
        return self.mlp(x.mean(dim=(2, 3))), dense, dense.mean(dim=2)
