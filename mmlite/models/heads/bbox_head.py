"""From the features of a box to its class and its exact place."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from ..layers import ConvModule

__all__ = ['ConvFCBBoxHead']

RELU = dict(type='ReLU')
INIT = [
    dict(type='Xavier', layer='Linear', distribution='uniform', bias=0),
    dict(type='Normal', override=dict(name='fc_cls'), std=0.01, bias=0),
    dict(type='Normal', override=dict(name='fc_reg'), std=0.001, bias=0),
]


@MODELS.register_module()
class ConvFCBBoxHead(BaseModule):
    """Convolutions, then fully connected layers, then one layer each for class and box.

    Papers: Faster R-CNN, https://arxiv.org/abs/1506.01497; Feature Pyramid Networks,
    https://arxiv.org/abs/1612.03144 (two layers of 1024, the default). Names are those
    of mmdetection, but the background is the first class.

    Args:
        num_classes: Number of classes ``K``, without background.
        in_channels: Channels of the features of a box.
        roi_feat_size: Height and width of the features of a box, in places.
        num_shared_convs: Number of 3x3 convolutions.
        conv_out_channels: Width of these convolutions.
        num_shared_fcs: Number of fully connected layers; without one the features are
            averaged over their places.
        fc_out_channels: Width of these layers.
        norm_cfg: Config of the norms of the convolutions; ``None`` has none.
        reg_class_agnostic: Whether a single box is predicted for all classes, instead
            of one for each.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(R, in_channels, roi_feat_size, roi_feat_size)``.
        returns: logits ``(R, K + 1)``, background first; encoded boxes ``(R, K, 4)``,
        or ``(R, 1, 4)``.

    Example:
        >>> head = ConvFCBBoxHead(3, in_channels=8, roi_feat_size=2, fc_out_channels=16)
        >>> [tuple(out.shape) for out in head(torch.zeros(5, 8, 2, 2))]
        [(5, 4), (5, 3, 4)]
    """

    promise: ClassVar[str] = 'BoxHead'

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 256,
        roi_feat_size: int = 7,
        num_shared_convs: int = 0,
        conv_out_channels: int = 256,
        num_shared_fcs: int = 2,
        fc_out_channels: int = 1024,
        norm_cfg: dict | None = None,
        reg_class_agnostic: bool = False,
        init_cfg: dict | list | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.num_boxes = 1 if reg_class_agnostic else num_classes
        self.shared_convs = nn.ModuleList()
        width = in_channels
        for _ in range(num_shared_convs):
            conv = ConvModule(width, conv_out_channels, 3, padding=1, norm_cfg=norm_cfg)
            self.shared_convs.append(conv)
            width = conv_out_channels
        self.shared_fcs = nn.ModuleList()
        if num_shared_fcs:
            width *= roi_feat_size**2
        for _ in range(num_shared_fcs):
            self.shared_fcs.append(nn.Linear(width, fc_out_channels))
            width = fc_out_channels
        self.fc_cls = nn.Linear(width, num_classes + 1)
        self.fc_reg = nn.Linear(width, 4 * self.num_boxes)

    def pre_logits(self, x: Tensor) -> Tensor:
        """What enters the last layers, ``(R, D)``."""
        for conv in self.shared_convs:
            x = conv(x)
        if not self.shared_fcs:
            return x.mean(dim=(2, 3))
        x = x.flatten(1)
        for layer in self.shared_fcs:
            x = F.relu(layer(x))
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and encoded boxes."""
        x = self.pre_logits(x)
        return self.fc_cls(x), self.fc_reg(x).view(x.size(0), self.num_boxes, 4)
