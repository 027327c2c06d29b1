"""SSD for 300x300 pixels with VGG-16, as in torchvision.

Paper: https://arxiv.org/abs/1512.02325
"""

model = dict(
    type='SSD',
    num_classes=90,
    image_resizer=dict(type='FixedShapeResizer', height=300, width=300),
    feature_extractor=dict(
        type='SSDMultiMapExtractor',
        backbone=dict(type='SSDVGG', depth=16),
        extra_channels=(512, 256, 256, 256),
        level_strides=(2, 2, 1, 1),
        level_paddings=(1, 1, 0, 0),
        neck=dict(l2_norm_scale=20),
    ),
    bbox_head=dict(type='SSDHead'),
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[122.99925, 116.9991, 103.9992],
        std=[1.0, 1.0, 1.0],
        to_rgb=True,
    ),
)
