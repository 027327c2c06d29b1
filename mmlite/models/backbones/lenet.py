"""LeNet."""

from __future__ import annotations

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from .base_backbone import BaseBackbone

__all__ = ['LeNet5']


@MODELS.register_module()
class LeNet5(BaseBackbone):
    """The network that read digits.

    Paper: Gradient-Based Learning Applied to Document Recognition, Proceedings
    of the IEEE 1998. Differs from it in: the last layers are fully connected
    and give logits.

    Args:
        num_classes: Number of logits ``K``; -1 has no classifier, and returns
            the feature map.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 1, 32, 32)``.
        returns: one ``(B, K)``, or one ``(B, 120, 1, 1)``.

    Raises:
        ValueError: if num_classes is 0 or less than -1.

    Example:
        >>> model = MODELS.build(dict(type='LeNet5', num_classes=10))
        >>> model(torch.zeros(1, 1, 32, 32))[0].shape
        torch.Size([1, 10])
    """

    def __init__(
        self, num_classes: int = -1, init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg)
        if num_classes < 1 and num_classes != -1:
            raise ValueError(
                f'num_classes={num_classes} must be positive, or -1 for features'
            )
        self.num_classes = num_classes
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5),
            nn.Tanh(),
            nn.AvgPool2d(kernel_size=2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.Tanh(),
            nn.AvgPool2d(kernel_size=2),
            nn.Conv2d(16, 120, kernel_size=5),
            nn.Tanh(),
        )
        if num_classes > 0:
            self.classifier = nn.Sequential(
                nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, num_classes)
            )

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """The logits, or the 120 channels before them."""
        if self.num_classes > 0:
            return (FeatureSpec(self.num_classes),)
        return (FeatureSpec(120, 4),)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Logits or features of x."""
        x = self.features(x)
        return (self.classifier(x.flatten(1)) if self.num_classes > 0 else x,)
