"""Faster R-CNN v2 of torchvision: norms that learn, deeper heads.

Papers: https://arxiv.org/abs/1506.01497, https://arxiv.org/abs/2111.11429
"""

_base_ = ['faster_rcnn_r50_fpn.py']

model = dict(
    feature_extractor=dict(
        backbone=dict(
            frozen_stages=-1,
            norm_cfg=dict(type='BN', requires_grad=True, eps=1e-5),
            norm_eval=False,
        ),
        neck=dict(norm_cfg=dict(type='BN')),
    ),
    rpn_head=dict(num_convs=2),
    roi_head=dict(
        bbox_head=dict(num_shared_convs=4, num_shared_fcs=1, norm_cfg=dict(type='BN'))
    ),
)
