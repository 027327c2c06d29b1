"""ArcFace of a ResNet-18 for small images; the classes are counted in the data."""

model = dict(
    type='ImageToImageRetriever',
    image_encoder=[
        dict(type='ResNet_CIFAR', depth=18),
        dict(type='GlobalAveragePooling'),
    ],
    head=dict(type='ArcFaceClsHead', in_channels=512, scale=16.0, margins=0.3),
)
