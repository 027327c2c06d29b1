"""ArcFace of a quarter-width ResNet-18 for 48 classes of small images."""

model = dict(
    type='ImageToImageRetriever',
    image_encoder=[
        dict(type='ResNet_CIFAR', depth=18, stem_channels=16, base_channels=16),
        dict(type='GlobalAveragePooling'),
    ],
    head=dict(
        type='ArcFaceClsHead', num_classes=48, in_channels=128, scale=16.0, margins=0.3
    ),
)
