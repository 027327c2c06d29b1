"""Inception V3.

Paper: Rethinking the Inception Architecture for Computer Vision, CVPR 2016,
https://arxiv.org/abs/1512.00567
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from .base_backbone import BaseBackbone

__all__ = ['InceptionV3']

INIT = [
    dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.1),
    dict(type='Constant', layer='BatchNorm2d', val=1),
]
AUX_INIT = [
    dict(type='TruncNormal', layer='Conv2d', std=0.01),
    dict(type='TruncNormal', layer='Linear', std=0.001),
]


class BasicConv2d(BaseModule):
    """Convolution, norm and activation.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kwargs: Further arguments of ``torch.nn.Conv2d``.
    """

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """The three of x."""
        return self.relu(self.bn(self.conv(x)))


class _Inception(BaseModule):
    """Paths side by side, whose outputs are joined.

    Override:
        paths: the names of each path's layers; several names in one place are
            called on the same map, and their outputs joined.
    """

    paths: ClassVar[tuple[tuple[str | tuple[str, ...], ...], ...]] = ()

    def add(self, name: str, *widths: int, size: Any = 1, **kwargs: Any) -> None:
        """Add a convolution; it keeps the size by default."""
        if 'stride' not in kwargs:
            rows, columns = (size, size) if isinstance(size, int) else size
            kwargs['padding'] = (rows // 2, columns // 2)
        self.add_module(name, BasicConv2d(*widths, kernel_size=size, **kwargs))

    def _follow(self, path: tuple, x: Tensor) -> Tensor:
        for step in path:
            if isinstance(step, str):
                x = getattr(self, step)(x)
            else:
                x = torch.cat([getattr(self, name)(x) for name in step], dim=1)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """All paths of x, joined."""
        return torch.cat([self._follow(path, x) for path in self.paths], dim=1)


class InceptionA(_Inception):
    """Paths of one 1x1, one 5x5 and two 3x3 convolutions, and a pooling.

    Args:
        in_channels: Channels of the input.
        pool_features: Width of the path of the pooling.
    """

    paths = (
        ('branch1x1',),
        ('branch5x5_1', 'branch5x5_2'),
        ('branch3x3dbl_1', 'branch3x3dbl_2', 'branch3x3dbl_3'),
        ('branch_pool_downsample', 'branch_pool'),
    )

    def __init__(self, in_channels: int, pool_features: int) -> None:
        super().__init__()
        self.add('branch1x1', in_channels, 64)
        self.add('branch5x5_1', in_channels, 48)
        self.add('branch5x5_2', 48, 64, size=5)
        self.add('branch3x3dbl_1', in_channels, 64)
        self.add('branch3x3dbl_2', 64, 96, size=3)
        self.add('branch3x3dbl_3', 96, 96, size=3)
        self.branch_pool_downsample = nn.AvgPool2d(3, stride=1, padding=1)
        self.add('branch_pool', in_channels, pool_features)


class InceptionB(_Inception):
    """Half the size, by one 3x3 convolution, two of them, and a pooling.

    Args:
        in_channels: Channels of the input.
    """

    paths = (
        ('branch3x3',),
        ('branch3x3dbl_1', 'branch3x3dbl_2', 'branch3x3dbl_3'),
        ('branch_pool',),
    )

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.add('branch3x3', in_channels, 384, size=3, stride=2)
        self.add('branch3x3dbl_1', in_channels, 64)
        self.add('branch3x3dbl_2', 64, 96, size=3)
        self.add('branch3x3dbl_3', 96, 96, size=3, stride=2)
        self.branch_pool = nn.MaxPool2d(3, stride=2)


class InceptionC(_Inception):
    """Paths of 1x7 and 7x1 convolutions.

    Args:
        in_channels: Channels of the input.
        channels_7x7: Width inside the paths.
    """

    paths = (
        ('branch1x1',),
        ('branch7x7_1', 'branch7x7_2', 'branch7x7_3'),
        tuple(f'branch7x7dbl_{i}' for i in range(1, 6)),
        ('branch_pool_downsample', 'branch_pool'),
    )

    def __init__(self, in_channels: int, channels_7x7: int) -> None:
        super().__init__()
        inner = channels_7x7
        self.add('branch1x1', in_channels, 192)
        self.add('branch7x7_1', in_channels, inner)
        self.add('branch7x7_2', inner, inner, size=(1, 7))
        self.add('branch7x7_3', inner, 192, size=(7, 1))
        self.add('branch7x7dbl_1', in_channels, inner)
        self.add('branch7x7dbl_2', inner, inner, size=(7, 1))
        self.add('branch7x7dbl_3', inner, inner, size=(1, 7))
        self.add('branch7x7dbl_4', inner, inner, size=(7, 1))
        self.add('branch7x7dbl_5', inner, 192, size=(1, 7))
        self.branch_pool_downsample = nn.AvgPool2d(3, stride=1, padding=1)
        self.add('branch_pool', in_channels, 192)


class InceptionD(_Inception):
    """Half the size, by a 3x3 convolution, a 7x7 one in two steps, a pooling.

    Args:
        in_channels: Channels of the input.
    """

    paths = (
        ('branch3x3_1', 'branch3x3_2'),
        ('branch7x7x3_1', 'branch7x7x3_2', 'branch7x7x3_3', 'branch7x7x3_4'),
        ('branch_pool',),
    )

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.add('branch3x3_1', in_channels, 192)
        self.add('branch3x3_2', 192, 320, size=3, stride=2)
        self.add('branch7x7x3_1', in_channels, 192)
        self.add('branch7x7x3_2', 192, 192, size=(1, 7))
        self.add('branch7x7x3_3', 192, 192, size=(7, 1))
        self.add('branch7x7x3_4', 192, 192, size=3, stride=2)
        self.branch_pool = nn.MaxPool2d(3, stride=2)


class InceptionE(_Inception):
    """Paths that split up into 1x3 and 3x1 convolutions.

    Args:
        in_channels: Channels of the input.
    """

    paths = (
        ('branch1x1',),
        ('branch3x3_1', ('branch3x3_2a', 'branch3x3_2b')),
        ('branch3x3dbl_1', 'branch3x3dbl_2', ('branch3x3dbl_3a', 'branch3x3dbl_3b')),
        ('branch_pool_downsample', 'branch_pool'),
    )

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.add('branch1x1', in_channels, 320)
        self.add('branch3x3_1', in_channels, 384)
        self.add('branch3x3_2a', 384, 384, size=(1, 3))
        self.add('branch3x3_2b', 384, 384, size=(3, 1))
        self.add('branch3x3dbl_1', in_channels, 448)
        self.add('branch3x3dbl_2', 448, 384, size=3)
        self.add('branch3x3dbl_3a', 384, 384, size=(1, 3))
        self.add('branch3x3dbl_3b', 384, 384, size=(3, 1))
        self.branch_pool_downsample = nn.AvgPool2d(3, stride=1, padding=1)
        self.add('branch_pool', in_channels, 192)


class InceptionAux(BaseModule):
    """A second classifier, half way through the network, for its training.

    Args:
        in_channels: Channels of the input.
        num_classes: Number of logits ``K``.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__(AUX_INIT)
        self.downsample = nn.AvgPool2d(kernel_size=5, stride=3)
        self.conv0 = BasicConv2d(in_channels, 128, kernel_size=1)
        self.conv1 = BasicConv2d(128, 768, kernel_size=5)
        self.gap = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Its logits."""
        x = self.conv1(self.conv0(self.downsample(x)))
        return self.fc(self.gap(x).flatten(1))


@MODELS.register_module()
class InceptionV3(BaseBackbone):
    """Blocks of paths of different reach, with the classifier in it.

    Args:
        num_classes: Number of logits ``K``.
        aux_logits: Whether a second classifier, half way, gives logits in
            training.
        dropout: Dropout before the classifier, a fraction.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)``; 299 pixels in the paper, 75 or more; 203 or more
            with aux_logits in training.
        returns: the logits of the second classifier, or ``None`` where there
            are none, and the logits ``(B, K)``.

    Example:
        >>> model = MODELS.build(dict(type='InceptionV3', num_classes=10)).eval()
        >>> aux, logits = model(torch.zeros(1, 3, 75, 75))
        >>> aux is None, logits.shape
        (True, torch.Size([1, 10]))
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = False,
        dropout: float = 0.5,
        init_cfg: dict | list[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.aux_logits = aux_logits
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b = InceptionA(192, pool_features=32)
        self.Mixed_5c = InceptionA(256, pool_features=64)
        self.Mixed_5d = InceptionA(288, pool_features=64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, channels_7x7=128)
        self.Mixed_6c = InceptionC(768, channels_7x7=160)
        self.Mixed_6d = InceptionC(768, channels_7x7=160)
        self.Mixed_6e = InceptionC(768, channels_7x7=192)
        self._first = tuple(name for name, _ in self.named_children())
        self.AuxLogits = InceptionAux(768, num_classes) if aux_logits else None
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280)
        self.Mixed_7c = InceptionE(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(2048, num_classes)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """The logits."""
        return (FeatureSpec(self.num_classes),)

    def forward(self, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """The logits of both classifiers."""
        for name in self._first:
            x = getattr(self, name)(x)
        aux = None
        if self.AuxLogits is not None and self.training:
            aux = self.AuxLogits(x)
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        x = self.dropout(self.avgpool(x))
        return aux, self.fc(x.flatten(1))
