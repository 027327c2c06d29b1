"""Projections of several layers, for self-supervised learning."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import build_norm_layer

__all__ = ['NonLinearNeck', 'ProjectionNeck']

SYNC_BN = dict(type='SyncBN')
ONES = (dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),)


class ProjectionNeck(BaseModule):
    """Base of the necks that project the last feature to one vector.

    Override:
        project: a vector to the projected one.

    Args:
        in_channels: Width of the feature.
        out_channels: Width after the projection.
        with_avg_pool: Whether the feature is a map, which is averaged first.
        init_cfg: Config of the initialisation, as in mmengine.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        with_avg_pool: bool = True,
        init_cfg: dict | Sequence[dict] | None = None,
    ) -> None:
        super().__init__(list(init_cfg) if isinstance(init_cfg, tuple) else init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.with_avg_pool = with_avg_pool

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: one vector."""
        return (FeatureSpec(self.out_channels),)

    def project(self, x: Tensor) -> Tensor:
        """The projection of vectors, ``(B, in_channels)``."""
        raise NotImplementedError

    def pool(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """The last feature as a vector, ``(B, in_channels)``."""
        x = inputs if isinstance(inputs, Tensor) else inputs[-1]
        return x.mean(dim=(2, 3)) if self.with_avg_pool else x.flatten(1)

    def forward(self, inputs: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The projection of the last feature, in a tuple."""
        return (self.project(self.pool(inputs)),)


@MODELS.register_module()
class NonLinearNeck(ProjectionNeck):
    """Linear layers with batch norms, and ReLUs in between.

    The projection of SimCLR, BYOL, SimSiam, MoCo v3 and Barlow Twins, and the
    predictor of some of them.

    Args:
        in_channels: Width of the feature.
        hid_channels: Width of the hidden layers.
        out_channels: Width after the projection.
        num_layers: Number of linear layers.
        with_bias: Whether the linear layers but the last have a bias.
        with_last_bn: Whether a batch norm follows the last linear layer.
        with_last_bn_affine: Whether that batch norm has a scale and a shift.
        with_last_bias: Whether the last linear layer has a bias.
        with_avg_pool: Whether the feature is a map, which is averaged first.
        norm_cfg: Config of the batch norms.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        inputs: ``(B, in_channels, H, W)``, without pooling ``(B, in_channels)``, or a
            tuple whose last entry is.
        returns: a tuple of one ``(B, out_channels)``.

    Raises:
        ValueError: if there are fewer than two layers.

    Example:
        >>> import torch
        >>> neck = MODELS.build(dict(
        ...     type='NonLinearNeck', in_channels=8, hid_channels=8, out_channels=4))
        >>> neck((torch.rand(2, 8, 7, 7), ))[0].shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        num_layers: int = 2,
        with_bias: bool = False,
        with_last_bn: bool = True,
        with_last_bn_affine: bool = True,
        with_last_bias: bool = False,
        with_avg_pool: bool = True,
        norm_cfg: dict = SYNC_BN,
        init_cfg: dict | Sequence[dict] | None = ONES,
    ) -> None:
        super().__init__(in_channels, out_channels, with_avg_pool, init_cfg)
        if num_layers < 2:
            raise ValueError(
                f'NonLinearNeck has 2 layers or more, got num_layers={num_layers}; '
                'LinearNeck has one'
            )
        self.num_layers = num_layers
        self.relu = nn.ReLU(inplace=True)
        width = in_channels
        for i in range(num_layers - 1):
            self.add_module(f'fc{i}', nn.Linear(width, hid_channels, bias=with_bias))
            self.add_module(f'bn{i}', build_norm_layer(norm_cfg, hid_channels)[1])
            width = hid_channels
        last = num_layers - 1
        self.add_module(f'fc{last}', nn.Linear(width, out_channels, with_last_bias))
        norm = nn.Identity()
        if with_last_bn:
            last_cfg = dict(norm_cfg, affine=with_last_bn_affine)
            norm = build_norm_layer(last_cfg, out_channels)[1]
        self.add_module(f'bn{last}', norm)

    def project(self, x: Tensor) -> Tensor:
        """The output of the last layer."""
        for i in range(self.num_layers):
            x = self.relu(x) if i else x
            x = getattr(self, f'bn{i}')(getattr(self, f'fc{i}')(x))
        return x
