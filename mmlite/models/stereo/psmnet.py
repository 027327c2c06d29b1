"""PSMNet: spatial pyramids and stacked hourglasses."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from ...ops import concat_volume
from ...registry import MODELS
from ..layers.hourglass import PSMHourglass, cost_classifier, cost_stem
from ..layers.stereo_resnet import SpatialPyramid, init_by_fan_out
from ..model_cfg import ModelCfg
from .base import StereoModel, upsampled_disparity

__all__ = ['PSMNet']


@MODELS.register_module()
class PSMNet(StereoModel):
    """Pooled context in the features, and three hourglasses over their volume.

    Paper: Pyramid Stereo Matching Network, CVPR 2018,
    https://arxiv.org/abs/1803.08669

    It is the network of the authors' code. OpenStereo's differs from it in the three
    settings below.

    Args:
        max_disp: Number of disparities, a multiple of 16 px.
        third_presqu: Which map the third hourglass takes: ``'pre1'``, or ``'pre2'``
            as OpenStereo.
        align_corners: Whether corner pixels stay at the corners when maps grow; True
            for OpenStereo, and for the weights the authors published.
        downsample_bias: Whether shortcuts that change the width have a bias, as
            OpenStereo's do.
        kwargs: See :class:`~mmlite.models.stereo.BaseModel`.

    Shape:
        ref_img, tgt_img: ``(B, 3, H, W)``, multiples of 16.
        pred_disparity: ``(H, W)`` of a sample, px.

    Raises:
        ConfigError: if ``max_disp`` is not a multiple of 16.

    Example:
        >>> model = MODELS.build(dict(type='PSMNet', max_disp=16)).eval()
        >>> view = torch.zeros(1, 3, 20, 40, dtype=torch.uint8)
        >>> pair = dict(inputs=dict(ref_img=view, tgt_img=view))
        >>> model.test_step(pair)[0].pred_disparity.shape
        torch.Size([20, 40])
    """

    size_divisor: ClassVar[int] = 16
    disparity_divisor: ClassVar[int] = 16
    default_losses: ClassVar[dict[str, dict]] = {
        'disp': dict(type='DisparityLoss', weights=[0.5, 0.7, 1.0])
    }

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The features, three hourglasses and three classifiers."""
        self.check_max_disp()
        self.third_presqu = model_cfg.get('third_presqu', 'pre1')
        self.align_corners = model_cfg.get('align_corners', False)
        self.feature_extraction = SpatialPyramid(
            model_cfg.get('downsample_bias', False), self.align_corners
        )
        self.dres0 = cost_stem(64, 32)
        self.dres1 = cost_stem(32, 32, last_relu=False)
        self.dres2, self.dres3, self.dres4 = (PSMHourglass(32) for _ in range(3))
        self.classif1, self.classif2, self.classif3 = (
            cost_classifier(32) for _ in range(3)
        )

    def init_parameters(self) -> None:
        """Kaiming initialisation by the fan-out."""
        init_by_fan_out(self)

    def estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """After each hourglass in training, after the last one otherwise."""
        features = (self.feature_extraction(view) for view in (left, right))
        cost0 = self.dres0(concat_volume(*features, self.max_disp // 4))
        cost0 = self.dres1(cost0) + cost0
        out1, pre1, post1 = self.dres2(cost0)
        out1 = out1 + cost0
        out2, pre2, post2 = self.dres3(out1, pre1, post1)
        out2 = out2 + cost0
        third = pre2 if self.third_presqu == 'pre2' else pre1
        out3 = self.dres4(out2, third, post2)[0] + cost0
        cost1 = self.classif1(out1)
        cost2 = self.classif2(out2) + cost1
        cost3 = self.classif3(out3) + cost2
        costs = [cost1, cost2, cost3] if self.training else [cost3]
        options: dict[str, Any] = dict(align_corners=self.align_corners)
        size = left.shape[-2:]
        return [upsampled_disparity(c, self.max_disp, size, **options) for c in costs]
