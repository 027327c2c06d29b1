"""RetinaNet v2 of torchvision: norms that learn, group norms in the head, GIoU.

Paper: https://arxiv.org/abs/1708.02002
"""

_base_ = ['retinanet_r50_fpn.py']

model = dict(
    feature_extractor=dict(
        backbone=dict(
            frozen_stages=-1,
            norm_cfg=dict(type='BN', requires_grad=True, eps=1e-5),
            norm_eval=False,
        ),
        neck=dict(add_extra_convs='on_input'),
    ),
    bbox_head=dict(
        norm_cfg=dict(type='GN', num_groups=32),
        loss_bbox=dict(type='GIoULoss'),
    ),
)
