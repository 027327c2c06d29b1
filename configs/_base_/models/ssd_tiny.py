"""A small SSD for pictures of about 128x128 pixels.

Paper: https://arxiv.org/abs/1512.02325
"""

model = dict(
    type='SSD',
    num_classes=5,
    feature_extractor=dict(
        type='SSDMultiMapExtractor',
        backbone=dict(
            type='ResNet',
            depth=18,
            stem_channels=16,
            base_channels=24,
            out_indices=(1, 2, 3),
        ),
        extra_channels=(),
    ),
    bbox_head=dict(
        type='SSDHead',
        anchor_generator=dict(
            type='SSDAnchorGenerator',
            ratios=[[2], [2], [2]],
            scales=[0.16, 0.28, 0.44, 0.6],
        ),
    ),
)
