"""ArcFace of a ResNet-50, from weights of ImageNet-21k."""

pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/resnet/'
    'resnet50_3rdparty-mill_in21k_20220331-faac000b.pth'
)
model = dict(
    type='ImageToImageRetriever',
    image_encoder=[
        dict(
            type='ResNet',
            depth=50,
            init_cfg=dict(type='Pretrained', checkpoint=pretrained, prefix='backbone.'),
        ),
        dict(type='GlobalAveragePooling'),
    ],
    head=dict(type='ArcFaceClsHead', num_classes=3997, in_channels=2048),
)
