"""GwcNet: group-wise correlation of features."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ...ops import concat_volume, group_correlation_volume
from ...registry import MODELS
from ..layers.hourglass import GwcHourglass, cost_classifier, cost_stem
from ..layers.stereo_resnet import StereoResNet, conv_bn, init_by_fan_out
from ..model_cfg import ModelCfg
from .base import StereoModel, upsampled_disparity

__all__ = ['GwcNet']


class _Features(StereoResNet):
    """Features to correlate, and a few to set beside each other."""

    def __init__(self, concat_channels: int) -> None:
        super().__init__()
        if concat_channels:
            self.lastconv = nn.Sequential(
                conv_bn(320, 128),
                nn.ReLU(inplace=True),
                nn.Conv2d(128, concat_channels, 1, bias=False),
            )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        whole = torch.cat(super().forward(x), dim=1)
        return whole, self.lastconv(whole) if hasattr(self, 'lastconv') else None


@MODELS.register_module()
class GwcNet(StereoModel):
    """Products of features group by group, and three hourglasses over their volume.

    Paper: Group-wise Correlation Stereo Network, CVPR 2019,
    https://arxiv.org/abs/1903.04025

    Args:
        max_disp: Number of disparities, a multiple of 16 px.
        num_groups: Number of groups of the 320 channels.
        use_concat_volume: Whether features stand beside the products (GwcNet-GC).
        concat_channels: Their number, of each view.
        kwargs: See :class:`~mmlite.models.stereo.BaseModel`.

    Shape:
        ref_img, tgt_img: ``(B, 3, H, W)``, multiples of 16.
        pred_disparity: ``(H, W)`` of a sample, px.

    Raises:
        ConfigError: if ``max_disp`` is not a multiple of 16.

    Example:
        >>> model = MODELS.build(dict(type='GwcNet', max_disp=16)).eval()
        >>> view = torch.zeros(1, 3, 20, 40, dtype=torch.uint8)
        >>> pair = dict(inputs=dict(ref_img=view, tgt_img=view))
        >>> model.test_step(pair)[0].pred_disparity.shape
        torch.Size([20, 40])
    """

    size_divisor: ClassVar[int] = 16
    disparity_divisor: ClassVar[int] = 16
    default_losses: ClassVar[dict[str, dict]] = {
        'disp': dict(type='DisparityLoss', weights=[0.5, 0.5, 0.7, 1.0])
    }

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The features, three hourglasses and four classifiers."""
        self.check_max_disp()
        self.num_groups = model_cfg.get('num_groups', 40)
        use_concat = model_cfg.get('use_concat_volume', False)
        width = model_cfg.get('concat_channels', 12)
        concat = width if use_concat else 0
        self.feature_extraction = _Features(concat)
        self.dres0 = cost_stem(self.num_groups + 2 * concat, 32)
        self.dres1 = cost_stem(32, 32, last_relu=False)
        self.dres2, self.dres3, self.dres4 = (GwcHourglass(32) for _ in range(3))
        for i in range(4):
            setattr(self, f'classif{i}', cost_classifier(32))

    def init_parameters(self) -> None:
        """Kaiming initialisation by the fan-out."""
        init_by_fan_out(self)

    def estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """Before and after each hourglass in training, after the last one otherwise."""
        num_disp = self.max_disp // 4
        (left_all, left_few), (right_all, right_few) = (
            self.feature_extraction(view) for view in (left, right)
        )
        volume = group_correlation_volume(
            left_all, right_all, num_disp, self.num_groups
        )
        if left_few is not None:
            beside = concat_volume(left_few, right_few, num_disp)
            volume = torch.cat([volume, beside], dim=1)
        cost = self.dres0(volume)
        costs = [self.dres1(cost) + cost]
        for hourglass in (self.dres2, self.dres3, self.dres4):
            costs.append(hourglass(costs[-1]))
        first = 0 if self.training else 3
        return [
            upsampled_disparity(
                getattr(self, f'classif{i}')(costs[i]), self.max_disp, left.shape[-2:]
            )
            for i in range(first, 4)
        ]
