"""VGG as SSD uses it."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from .vgg import VGG

__all__ = ['SSDVGG']

WIDTH = 1024


@MODELS.register_module()
class SSDVGG(VGG):
    """VGG without its classifier, whose first two layers are convolutions.

    Paper: SSD, ECCV 2016, https://arxiv.org/abs/1512.02325. The fourth stage is
    returned before its pooling, the fifth has a pooling of stride 1, and then follow
    ``fc6`` (3x3, dilated) and ``fc7``. As in torchvision the third pooling keeps a rest
    of pixels.

    Args:
        depth: 11, 13, 16 or 19.
        kwargs: Further arguments of :class:`VGG`, but for stages, outputs and pooling.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: ``(B, 512, H / 8, W / 8)`` and ``(B, 1024, H / 16, W / 16)``.

    Example:
        >>> [tuple(out.shape) for out in SSDVGG(depth=11)(torch.zeros(1, 3, 64, 64))]
        [(1, 512, 8, 8), (1, 1024, 4, 4)]
    """

    def __init__(self, depth: int = 16, **kwargs: Any) -> None:
        super().__init__(depth, out_indices=(3, 4), **kwargs)
        third = self.features[self._ends[2] - 1]
        third.ceil_mode = True
        self.features[-1] = nn.MaxPool2d(3, stride=1, padding=1)
        self.fc6 = nn.Conv2d(512, WIDTH, 3, padding=6, dilation=6)
        self.fc7 = nn.Conv2d(WIDTH, WIDTH, 1)
        self.relu = nn.ReLU(inplace=True)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of both maps."""
        return FeatureSpec(self.widths[3], 8), FeatureSpec(WIDTH, 16)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Both maps."""
        end = self._ends[3] - 1
        large = self.features[:end](x)
        small = self.features[end:](large)
        small = self.relu(self.fc7(self.relu(self.fc6(small))))
        return large, small
