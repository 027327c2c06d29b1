"""The head of SSD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from ...errors import ConfigError, Problem
from ...registry import MODELS
from ..layers import ConvModule
from .dense_head import DenseHead

__all__ = ['SSDHead']

ANCHORS = dict(
    type='SSDAnchorGenerator',
    ratios=[[2], [2, 3], [2, 3], [2, 3], [2], [2]],
    scales=[0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
    steps=[8, 16, 32, 64, 100, 300],
)
CODER = dict(type='BoxCoder', weights=(10.0, 10.0, 5.0, 5.0))
ASSIGNER = dict(
    type='TargetAssigner',
    matcher=dict(
        type='ArgMaxMatcher', matched_threshold=0.5, force_match_for_each_row=True
    ),
)
MINER = dict(
    type='HardExampleMiner',
    num_hard_examples=None,
    iou_threshold=1.0,
    loss_type='cls',
    max_negatives_per_positive=3,
)
CROSS_ENTROPY = dict(type='CrossEntropyLoss')
SMOOTH_L1 = dict(type='SmoothL1Loss', beta=1.0)
XAVIER = dict(type='Xavier', layer='Conv2d', distribution='uniform', bias=0)
RELU6 = dict(type='ReLU6')


@MODELS.register_module()
class SSDHead(DenseHead):
    """One convolution for each map and purpose.

    Paper: SSD, ECCV 2016, https://arxiv.org/abs/1512.02325; the defaults are those of
    torchvision's ``ssd300_vgg16``. Names are those of mmdetection.

    Args:
        num_classes: Number of classes ``K``, without background.
        in_channels: Channels of each map, one entry a map.
        use_depthwise: Whether a depth-wise convolution with a norm comes before a 1x1
            one, as in SSDLite.
        norm_cfg: Config of the norms, where ``use_depthwise``.
        act_cfg: Config of the activations, where ``use_depthwise``.
        anchor_generator: Config of the anchors.
        bbox_coder: Config of the box coder.
        assigner: Config of the target assigner.
        loss_cls: Config of the loss of the classes.
        loss_bbox: Config of the loss of the boxes.
        miner: Config of the hard example miner, or None.
        init_cfg: Config of the initialisation.
        kwargs: Further arguments of :class:`DenseHead`; ``nms_pre`` of ``test_cfg``
            counts anchors of each class.

    Shape:
        feats: ``(B, C, H, W)`` each.
        returns: ``(B, A, K + 1)`` logits, background first, and ``(B, A, 4)``.

    Raises:
        ConfigError: if there are anchors for more or fewer maps.

    Example:
        >>> anchors = dict(type='SSDAnchorGenerator', ratios=[[2]], scales=[0.2, 0.4])
        >>> head = SSDHead(3, in_channels=(8, ), anchor_generator=anchors)
        >>> [tuple(out.shape) for out in head([torch.zeros(1, 8, 2, 2)])]
        [(1, 16, 4), (1, 16, 4)]
    """

    default_test_cfg: ClassVar[dict[str, Any]] = dict(
        score_thr=0.01, nms_pre=400, iou_threshold=0.45, max_per_img=200
    )

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int] = (512, 1024, 512, 256, 256, 256),
        use_depthwise: bool = False,
        norm_cfg: dict | None = None,
        act_cfg: dict = RELU6,
        anchor_generator: dict | Any = ANCHORS,
        bbox_coder: dict | Any = CODER,
        assigner: dict | Any = ASSIGNER,
        loss_cls: dict | nn.Module = CROSS_ENTROPY,
        loss_bbox: dict | nn.Module = SMOOTH_L1,
        miner: dict | Any | None = MINER,
        init_cfg: dict | list | None = XAVIER,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_classes,
            tuple(in_channels),
            anchor_generator,
            bbox_coder,
            assigner,
            loss_cls,
            loss_bbox,
            miner=miner,
            init_cfg=init_cfg,
            **kwargs,
        )
        counts = self.num_base_anchors
        if len(counts) != len(self.in_channels):
            raise ConfigError(
                [
                    Problem(
                        'anchor_generator',
                        f'has anchors for {len(counts)} maps, but in_channels has '
                        f'{len(self.in_channels)}; give both one entry for each map',
                    )
                ]
            )

        def predictors(channels: int) -> nn.ModuleList:
            return nn.ModuleList(
                _predictor(width, count * channels, use_depthwise, norm_cfg, act_cfg)
                for width, count in zip(self.in_channels, counts, strict=True)
            )

        self.cls_convs = predictors(self.cls_channels)
        self.reg_convs = predictors(4)

    def class_maps(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """The logits of each map."""
        return [conv(f) for conv, f in zip(self.cls_convs, feats, strict=True)]

    def box_maps(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """The encoded boxes of each map."""
        return [conv(f) for conv, f in zip(self.reg_convs, feats, strict=True)]


def _predictor(
    width: int, channels: int, depthwise: bool, norm_cfg: dict | None, act_cfg: dict
) -> nn.Sequential:
    if not depthwise:
        return nn.Sequential(nn.Conv2d(width, channels, 3, padding=1))
    return nn.Sequential(
        ConvModule(
            width,
            width,
            3,
            padding=1,
            groups=width,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        ),
        nn.Conv2d(width, channels, 1),
    )
