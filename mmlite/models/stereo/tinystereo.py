"""A small network that learns stereo matching on a CPU within minutes."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...ops import convex_upsample, group_correlation_volume, regress_disparity
from ...registry import MODELS
from ..layers.stereo_resnet import conv_bn
from ..model_cfg import ModelCfg
from .base import StereoModel, of_both

__all__ = ['TinyStereo']


class _Residual(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv_bn(channels, channels)
        self.conv2 = conv_bn(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


@MODELS.register_module()
class TinyStereo(StereoModel):
    """Features at a quarter of the size, their correlation, and 2D convolutions.

    No published network: the ideas of GwcNet (group-wise correlation), LightStereo (the
    disparities are channels) and RAFT (convex upsampling) in about 300,000 weights, to
    learn from made-up scenes in minutes.

    Args:
        max_disp: Number of disparities, a multiple of 4 px.
        channels: Width of the features.
        num_groups: Number of groups of the correlation.
        depth: Number of residual blocks behind it.
        kwargs: See :class:`~mmlite.models.stereo.BaseModel`.

    Shape:
        ref_img, tgt_img: ``(B, 3, H, W)``, multiples of 4.
        pred_disparity: ``(H, W)`` of a sample, px.

    Raises:
        ConfigError: if ``max_disp`` is not a multiple of 4.

    Example:
        >>> model = MODELS.build(dict(type='TinyStereo', max_disp=32)).eval()
        >>> view = torch.zeros(1, 3, 21, 42, dtype=torch.uint8)
        >>> pair = dict(inputs=dict(ref_img=view, tgt_img=view))
        >>> model.test_step(pair)[0].pred_disparity.shape
        torch.Size([21, 42])
    """

    size_divisor: ClassVar[int] = 4
    disparity_divisor: ClassVar[int] = 4
    default_losses: ClassVar[dict[str, dict]] = {
        'disp': dict(type='DisparityLoss', weights=[0.3, 1.0])
    }

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The features, the volume's convolutions, and the weights of neighbours."""
        self.num_disp = self.check_max_disp() // 4
        width = model_cfg.get('channels', 32)
        depth = model_cfg.get('depth', 3)
        self.num_groups = model_cfg.get('num_groups', 8)
        self.features = nn.Sequential(
            conv_bn(3, width, stride=2),
            nn.ReLU(inplace=True),
            conv_bn(width, width, stride=2),
            nn.ReLU(inplace=True),
            _Residual(width),
            _Residual(width),
            nn.Conv2d(width, width, 3, padding=1),
        )
        wide = 2 * width
        self.volume = nn.Sequential(
            conv_bn(self.num_groups * self.num_disp + width, wide),
            nn.ReLU(inplace=True),
            *(_Residual(wide) for _ in range(depth)),
            nn.Conv2d(wide, self.num_disp, 3, padding=1),
        )
        self.neighbours = nn.Sequential(
            conv_bn(width, wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, 9 * 16, 1),
        )

    def estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """The fine disparity; in training the coarse one, enlarged, before it."""
        first, second = of_both(self.features(torch.cat([left, right])), left)
        volume = group_correlation_volume(first, second, self.num_disp, self.num_groups)
        logits = self.volume(torch.cat([volume.flatten(1, 2), first], dim=1))
        coarse = 4 * regress_disparity(logits, keepdim=True)
        fine = convex_upsample(coarse, self.neighbours(first), 4).squeeze(1)
        if not self.training:
            return [fine]
        enlarged = F.interpolate(
            coarse, scale_factor=4, mode='bilinear', align_corners=False
        )
        return [enlarged.squeeze(1), fine]
