"""MobileNetV3 as SSDLite uses it."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ...registry import MODELS
from ...structures import FeatureSpec
from .mobilenet_v3 import MobileNetV3

__all__ = ['SSDLiteMobileNetV3']

BATCH_NORM = dict(type='BN', eps=0.001, momentum=0.03)


def _reduced(settings: tuple[tuple, ...]) -> tuple[tuple, ...]:
    """The blocks with half the channels in the last stage."""
    *body, first, second, third = settings
    (kernel, inner, width, *rest) = first
    tail = [(kernel, inner, width // 2, *rest)]
    for kernel, inner, width, *rest in (second, third):
        tail.append((kernel, inner // 2, width // 2, *rest))
    return (*body, *tail)


@MODELS.register_module()
class SSDLiteMobileNetV3(MobileNetV3):
    """MobileNetV3 whose first map is taken inside the first block of stride 32.

    Papers: Searching for MobileNetV3, ICCV 2019, https://arxiv.org/abs/1905.02244;
    as in torchvision's ``ssdlite320_mobilenet_v3_large``: the map at stride 16 is that
    block's widened input, and the last stage has half the channels.

    Args:
        arch: ``'large_reduced'``, or one of :class:`MobileNetV3`.
        norm_cfg: Config of the norms.
        kwargs: Further arguments of :class:`MobileNetV3`, but for ``out_indices``.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: ``(B, C, H / 16, W / 16)`` and ``(B, C', H / 32, W / 32)``.

    Example:
        >>> model = SSDLiteMobileNetV3()
        >>> [tuple(out.shape) for out in model(torch.zeros(1, 3, 64, 64))]
        [(1, 672, 4, 4), (1, 480, 2, 2)]
    """

    arch_settings: ClassVar[dict[str, tuple[tuple, ...]]] = {
        **MobileNetV3.arch_settings,
        'large_reduced': _reduced(MobileNetV3.arch_settings['large']),
    }

    def __init__(
        self, arch: str = 'large_reduced', norm_cfg: dict = BATCH_NORM, **kwargs: object
    ) -> None:
        super().__init__(arch, norm_cfg=norm_cfg, **kwargs)
        settings = self.arch_settings[arch]
        # The stem is layer 0, so block i is layer i + 1.
        self._inside = max(i for i, s in enumerate(settings) if s[-1] == 2) + 1
        self._first = FeatureSpec(settings[self._inside - 1][1], 16)

    @property
    def chain(self) -> tuple[str, ...]:
        """None: one map is taken inside a block."""
        return ()

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of both maps."""
        return self._first, *super().feature_specs

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Both maps."""
        first = x
        for i, name in enumerate(self.layers):
            layer = getattr(self, name)
            if i == self._inside:
                # Its input and output differ in size, so that there is no shortcut.
                first = layer.expand_conv(x)
                x = layer._excited(layer.depthwise_conv(first))
                x = layer.linear_conv(x)
            else:
                x = layer(x)
        return first, x
