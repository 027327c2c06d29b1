"""A stack of convolutions that is written as a list of words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import BareConv2d, FocalConv2d
from .base_backbone import BaseBackbone

__all__ = ['Plain']


@MODELS.register_module()
class Plain(BaseBackbone):
    """Convolutions, focal convolutions and poolings in a row.

    Paper: GaitPart: Temporal Part-based Model for Gait Recognition, CVPR 2020 (table
    1), https://openaccess.thecvf.com/content_CVPR_2020/html/Fan_GaitPart_Temporal_Part-Based_Model_for_Gait_Recognition_CVPR_2020_paper.html

    Args:
        layers_cfg: What follows what: ``'BC-32'`` is a convolution of width 32,
            ``'FC-64-2'`` a focal one of width 64 in ``2 ** 2`` strips, each with a
            leaky ReLU; ``'M'`` halves the size. The first convolution is 5x5, the
            others 3x3.
        in_channels: Channels of the image.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)``.

    Raises:
        ValueError: if a word is another one.

    Example:
        >>> model = MODELS.build(dict(type='Plain', layers_cfg=['BC-4', 'M', 'FC-8-1']))
        >>> [tuple(out.shape) for out in model(torch.zeros(1, 1, 64, 44))]
        [(1, 8, 32, 22)]
    """

    def __init__(
        self,
        layers_cfg: Sequence[str],
        in_channels: int = 1,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.layers_cfg = tuple(layers_cfg)
        layers: list[nn.Module] = []
        width = in_channels
        for word in layers_cfg:
            kind, out, halving = _parse(word)
            if kind == 'M':
                layers.append(nn.MaxPool2d(2, 2))
                continue
            size = 3 if layers else 5
            if kind == 'BC':
                conv = BareConv2d(width, out, size, padding=size // 2)
            else:
                conv = FocalConv2d(width, out, size, halving, padding=size // 2)
            layers += [conv, nn.LeakyReLU(inplace=True)]
            width = out
        self.feature = nn.Sequential(*layers)
        self._spec = FeatureSpec(width, 2 ** self.layers_cfg.count('M'))

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of the output."""
        return (self._spec,)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The last feature map."""
        return (self.feature(x),)


def _parse(word: str) -> tuple[str, int, int]:
    match = re.fullmatch(r'(M)|(BC)-(\d+)|(FC)-(\d+)-(\d+)', str(word))
    if match is None:
        raise ValueError(
            "layers_cfg must be a list of 'M', 'BC-width' and 'FC-width-halving', e.g. "
            f"'FC-64-2', got {word!r}"
        )
    pool, plain, width, focal, focal_width, halving = match.groups()
    kind = pool or plain or focal
    return kind, int(width or focal_width or 0), int(halving or 0)
