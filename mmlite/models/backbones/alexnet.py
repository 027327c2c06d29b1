"""AlexNet.

Paper: ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS
2012; the widths are those of One weird trick for parallelizing convolutional
neural networks, https://arxiv.org/abs/1404.5997
"""

from __future__ import annotations

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from .base_backbone import BaseBackbone

__all__ = ['AlexNet']


@MODELS.register_module()
class AlexNet(BaseBackbone):
    """The network that won ImageNet in 2012.

    Args:
        num_classes: Number of logits ``K``; -1 has no classifier, and returns
            the feature map.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)``; 224 pixels where there is a classifier.
        returns: one ``(B, K)``, or one ``(B, 256, H / 32, W / 32)``.

    Example:
        >>> model = MODELS.build(dict(type='AlexNet', num_classes=10))
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 10])
    """

    def __init__(
        self, num_classes: int = -1, init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        if num_classes > 0:
            self.classifier = nn.Sequential(
                nn.Dropout(),
                nn.Linear(256 * 6 * 6, 4096),
                nn.ReLU(inplace=True),
                nn.Dropout(),
                nn.Linear(4096, 4096),
                nn.ReLU(inplace=True),
                nn.Linear(4096, num_classes),
            )

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """The logits, or the 256 channels before them."""
        if self.num_classes > 0:
            return (FeatureSpec(self.num_classes),)
        return (FeatureSpec(256, 32),)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Logits or features of x."""
        x = self.features(x)
        return (self.classifier(x.flatten(1)) if self.num_classes > 0 else x,)
