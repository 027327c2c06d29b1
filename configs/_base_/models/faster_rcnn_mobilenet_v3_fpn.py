"""Faster R-CNN with MobileNetV3 and a feature pyramid, as in torchvision.

Papers: https://arxiv.org/abs/1506.01497, https://arxiv.org/abs/1905.02244
"""

_base_ = ['faster_rcnn_r50_fpn.py']

model = dict(
    feature_extractor=dict(
        backbone=dict(
            _delete_=True,
            type='MobileNetV3',
            arch='large',
            out_indices=(13, 16),
            norm_cfg=dict(type='BN', requires_grad=False, eps=1e-5),
            norm_eval=True,
        ),
        neck=dict(num_outs=3),
    ),
    rpn_head=dict(
        anchor_generator=dict(
            type='AnchorGenerator', sizes=[[32, 64, 128, 256, 512]] * 3
        ),
        test_cfg=dict(nms_pre=150, max_per_img=150),
    ),
    roi_head=dict(roi_extractor=dict(type='RoIAlignExtractor', num_levels=2)),
)
