"""LightStereo: the disparities are channels of 2D convolutions."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import ConfigError, Problem
from ...ops import context_upsample, correlation_volume, regress_disparity
from ...registry import MODELS
from ..layers.light_stereo import (
    FPNLayer,
    LightAggregation,
    LightFeatures,
    conv_block,
)
from ..model_cfg import ModelCfg
from .base import StereoModel

__all__ = ['LightStereo']

_ARCHS = {
    's': dict(aggregation_blocks=(1, 2, 4), expanse_ratio=4),
    'm': dict(aggregation_blocks=(4, 8, 16), expanse_ratio=4),
    'l': dict(aggregation_blocks=(8, 16, 32), expanse_ratio=8),
}


@MODELS.register_module()
class LightStereo(StereoModel):
    """A small network whose cost volume is refined by inverted residual blocks.

    Paper: LightStereo: Channel Boost Is All You Need for Efficient 2D Cost
    Aggregation, ICRA 2025, https://arxiv.org/abs/2406.19833

    ``max_disp`` sets the number of channels, so it belongs to the weights: those of
    another one are refused when they are loaded.

    Args:
        arch: ``'s'``, ``'m'`` or ``'l'``.
        max_disp: Number of disparities, a multiple of 4 px.
        aggregation_blocks: Number of blocks at each of the three sizes of the volume,
            in place of the architecture's.
        expanse_ratio: How much wider the blocks are inside, likewise.
        kwargs: See :class:`~mmlite.models.stereo.BaseModel`.

    Shape:
        ref_img, tgt_img: ``(B, 3, H, W)``, multiples of 32.
        pred_disparity: ``(H, W)`` of a sample, px.

    Raises:
        ConfigError: if ``arch`` is unknown, or ``max_disp`` is not a multiple of 4.

    Example:
        >>> model = MODELS.build(dict(type='LightStereo', arch='s')).eval()
        >>> view = torch.zeros(1, 3, 20, 40, dtype=torch.uint8)
        >>> pair = dict(inputs=dict(ref_img=view, tgt_img=view))
        >>> model.test_step(pair)[0].pred_disparity.shape
        torch.Size([20, 40])
    """

    size_divisor: ClassVar[int] = 32
    disparity_divisor: ClassVar[int] = 4
    default_losses: ClassVar[dict[str, dict]] = {
        'disp': dict(type='DisparityLoss', weights=[0.3, 1.0])
    }

    def build_network(self, model_cfg: ModelCfg) -> None:
        """Features, the hourglass, and what makes the disparity fine."""
        arch = model_cfg.get('arch', 's')
        if arch not in _ARCHS:
            message = f'is {arch!r}; the architectures are {sorted(_ARCHS)}'
            raise ConfigError([Problem('arch', message)])
        self.max_disp = self.max_disp or 192
        self.num_disp = self.check_max_disp() // 4
        blocks, ratio = (
            model_cfg.get(key, _ARCHS[arch][key])
            for key in ('aggregation_blocks', 'expanse_ratio')
        )
        self.backbone = LightFeatures()
        self.cost_agg = LightAggregation(self.num_disp, blocks, ratio)
        self.refine_1 = nn.Sequential(
            conv_block(24, 24, norm=nn.InstanceNorm2d, act=nn.LeakyReLU()),
            conv_block(24, 24, norm=nn.InstanceNorm2d, act=nn.ReLU()),
        )
        self.stem_2 = nn.Sequential(
            conv_block(3, 16, 2, act=nn.LeakyReLU()),
            conv_block(16, 16, act=nn.ReLU()),
        )
        self.refine_2 = FPNLayer(24, 16)
        self.refine_3 = conv_block(16, 9, 2, norm=None, transposed=True)

    def estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """The fine disparity; in training the coarse one, enlarged, before it."""
        feats, others = self.backbone(left), self.backbone(right)
        volume = correlation_volume(feats[0], others[0], self.num_disp)
        coarse = regress_disparity(self.cost_agg(volume, feats), keepdim=True)
        fine = self.refine_2(self.refine_1(feats[0]), self.stem_2(left))
        shares = F.softmax(self.refine_3(fine), dim=1)
        disparity = context_upsample(coarse * 4, shares).squeeze(1)
        if not self.training:
            return [disparity]
        enlarged = F.interpolate(
            coarse * 4, scale_factor=4, mode='bilinear', align_corners=False
        )
        return [enlarged.squeeze(1), disparity]
