"""Necks that change vectors: a projection, a normalisation."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import build_activation_layer, build_norm_layer

_POOLS = (
    nn.Identity,
    lambda: nn.AdaptiveAvgPool1d(1),
    lambda: nn.AdaptiveAvgPool2d(1),
    lambda: nn.AdaptiveAvgPool3d(1),
)
BATCH_NORM = dict(type='BN1d')


@MODELS.register_module()
class LinearNeck(BaseModule):
    """Project the last feature with a linear layer, e.g. to an embedding.

    Args:
        in_channels: Width of the feature.
        out_channels: Width after the projection.
        gap_dim: Number of spatial dimensions to average over first; 0 takes vectors.
        norm_cfg: Config of a normalisation after the layer; None has none.
        act_cfg: Config of an activation after that; None has none.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        inputs: ``(B, in_channels, *)``, or a tuple whose last entry is.
        returns: a tuple of one ``(B, out_channels)``.

    Raises:
        ValueError: if ``gap_dim`` is not 0, 1, 2 or 3.

    Example:
        >>> neck = LinearNeck(8, 4, gap_dim=2)
        >>> neck((torch.rand(2, 8, 7, 7), ))[0].shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        gap_dim: int = 0,
        norm_cfg: dict | None = BATCH_NORM,
        act_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice(range(len(_POOLS)), gap_dim=gap_dim)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.gap = _POOLS[gap_dim]()
        self.fc = nn.Linear(in_channels, out_channels)
        self.norm = nn.Identity()
        if norm_cfg is not None:
            self.norm = build_norm_layer(norm_cfg, out_channels)[1]
        self.act = build_activation_layer(act_cfg) if act_cfg else nn.Identity()

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: one vector."""
        return (FeatureSpec(self.out_channels),)

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor]:
        """Project the last feature."""
        x = inputs if isinstance(inputs, Tensor) else inputs[-1]
        return (self.act(self.norm(self.fc(self.gap(x).flatten(1)))),)


@MODELS.register_module()
class ClsBatchNormNeck(BaseModule):
    """Normalise each vector over the batch, as linear probes of MAE do.

    Args:
        input_features: Width of the vectors.
        affine: Whether a scale and a shift are learned.
        eps: Added to the variance.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        inputs: ``(B, C)``, or a tuple of such; returns: the same.

    Example:
        >>> neck = ClsBatchNormNeck(8)
        >>> neck((torch.rand(4, 8), ))[0].mean(dim=0).abs().max() < 1e-5
        tensor(True)
    """

    def __init__(
        self,
        input_features: int,
        affine: bool = False,
        eps: float = 1e-6,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = input_features
        self.bn = nn.BatchNorm1d(input_features, affine=affine, eps=eps)

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: vectors of the same widths."""
        return tuple(FeatureSpec(spec.channels) for spec in specs)

    def forward(
        self, inputs: Tensor | tuple[Tensor, ...]
    ) -> Tensor | tuple[Tensor, ...]:
        """Normalise one vector, or each of several."""
        if isinstance(inputs, Tensor):
            return self.bn(inputs)
        return tuple(self.bn(x) for x in inputs)
