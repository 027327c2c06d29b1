from torch import Tensor, nn

from mmlite.registry import MODELS
from mmlite.structures import FeatureSpec


@MODELS.register_module()
class MyGlobalAveragePooling(nn.Module):
    """Average every feature map ``(B, C, H, W)`` to a vector ``(B, C)``."""

    def __init__(self) -> None:
        super().__init__()
        self.gap = nn.AdaptiveAvgPool2d((1, 1))

    def output_specs(self, specs: tuple[FeatureSpec, ...]) -> tuple[FeatureSpec, ...]:
        """As many channels as before, and no place in the image."""
        return tuple(FeatureSpec(spec.channels) for spec in specs)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(self.gap(feat).flatten(1) for feat in feats)
