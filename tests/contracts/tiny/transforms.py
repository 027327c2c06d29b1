"""Small arguments for transforms."""

from __future__ import annotations

# For transforms: the image is 33x47.
_OPERATIONS = {
    'AutoContrast': dict(prob=1.0),
    'Brightness': dict(magnitude=0.4, prob=1.0),
    'ColorTransform': dict(magnitude=0.4, prob=1.0),
    'Contrast': dict(magnitude=0.4, prob=1.0),
    'Cutout': dict(shape=8, prob=1.0),
    'Equalize': dict(prob=1.0),
    'GaussianBlur': dict(radius=1.0, prob=1.0),
    'Invert': dict(prob=1.0),
    'Posterize': dict(bits=3, prob=1.0),
    'Sharpness': dict(magnitude=0.4, prob=1.0),
    'Solarize': dict(thr=128, prob=1.0),
    'SolarizeAdd': dict(magnitude=50, prob=1.0),
}

STEPS = {
    'Expand': dict(prob=1.0, ratio_range=(1, 2)),
    'FilterAnnotations': dict(),
    'MinIoURandomCrop': dict(),
    'Mosaic': dict(prob=0.0),  # its sample has further ones
    'PhotoMetricDistortion': dict(),
    'RandomChoiceResize': dict(scales=[(40, 60), (70, 30)]),
    'RandomResize': dict(scale=(40, 60), ratio_range=(0.5, 1.5)),
    'LoadSequence': dict(),
    'ElasticDistortion': dict(),
    'RandomPerspective': dict(prob=1.0),
    'RandomAffine': dict(),
    'RandomRotate': dict(prob=1.0),
    'SampleFrames': dict(sample_type='fixed_ordered', frames_num_fixed=2),
    'SilhouetteCut': dict(),
    'SkeletonMaps': dict(size=32),
    **_OPERATIONS,
    'Albu': dict(transforms=[dict(type='Blur')]),
    'Albumentations': dict(transforms=[dict(type='Blur')]),
    'AutoAugment': dict(policies='imagenet'),
    'EfficientNetCenterCrop': dict(crop_size=20),
    'EfficientNetRandomCrop': dict(scale=20),
    'Lighting': dict(eigval=[50.0, 5.0, 1.0], eigvec=[[0.5] * 3] * 3, alphastd=1.0),
    'RandAugment': dict(policies='timm_increasing', num_policies=2, magnitude_level=9),
    'RandomApply': dict(transforms=[dict(type='CenterCrop', crop_size=20)]),
    'RandomChoice': dict(
        transforms=[dict(type='CenterCrop', crop_size=n) for n in (20, 21)]
    ),
    'Rotate': dict(angle=20.0, prob=1.0),
    'Shear': dict(magnitude=0.2, prob=1.0),
    'Translate': dict(magnitude=0.2, prob=1.0),
    'AlternatingFlip': dict(),
    'CenterCrop': dict(crop_size=20),
    'ColorJitter': dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    'Compose': dict(transforms=[dict(type='RandomFlip', prob=0.5)]),
    'ApplyToList': dict(
        transforms=[dict(type='CenterCrop', crop_size=20)],
        scatter_key='img',
        collate_keys=(),
    ),
    'ImageToTensor': dict(keys=('img',)),
    'KeyMapper': dict(transforms=[dict(type='RandomFlip', prob=0.5)]),
    'MultiScaleFlipAug': dict(
        transforms=[dict(type='RandomFlip', prob=0.5)], scale_factor=[0.5, 1.5]
    ),
    'ToTensor': dict(keys=('gt_label',)),
    'TransformBroadcaster': dict(
        transforms=[dict(type='RandomFlip', prob=0.5)], mapping=dict(img=['img'])
    ),
    'Collect': dict(keys=('img', 'img_shape', 'gt_label')),
    'Transpose': dict(keys=('gt_bboxes',), order=(0, 1)),
    'LoadAnnotations': dict(),
    'LoadDisparity': dict(),
    'LoadImageFromFile': dict(),
    'MultiView': dict(
        transforms=[[dict(type='RandomCrop', crop_size=20)]], num_views=2
    ),
    'Normalize': dict(mean=[120.0] * 3, std=[60.0] * 3),
    'PackInputs': dict(),
    'NumpyToPIL': dict(),
    'ToPIL': dict(),
    'ToNumpy': dict(),
    'PILToNumpy': dict(),
    'PackMultiTaskInputs': dict(multi_task_fields=()),
    'Pad': dict(size=(50, 40)),
    'RandomCrop': dict(crop_size=20, padding=4),
    'GaussianNoise': dict(),
    'RandomErasing': dict(erase_prob=1.0, mode='rand'),
    'RandomFlip': dict(prob=0.5, direction='horizontal'),
    'RandomGrayscale': dict(prob=0.5, keep_channels=True),
    'MAERandomResizedCrop': dict(size=20, backend='cv2'),
    'RandomResizedCrop': dict(scale=20),
    'RandomResizedCropAndInterpolationWithTwoPic': dict(size=20),
    'BEiTMaskGenerator': dict(input_size=7, num_masking_patches=20),
    'SimMIMMaskGenerator': dict(input_size=64, mask_ratio=0.5),
    'RandomStereoScale': dict(scale_range=(-0.5, 0.5)),
    'Resize': dict(scale=(21, 19)),
    'ResizeEdge': dict(scale=20),
    'Shift': dict(x=3, y=-2),
    'ShiftView': dict(),  # its sample is a stereo pair
    'SwapFlip': dict(prob=0.0),  # its sample is a stereo pair
    'ViewErasing': dict(),  # its sample is a stereo pair
    'TestTimeAug': dict(
        transforms=[[dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)]]
    ),
}

# For transforms of batches: the images are 9x12.
BATCH_STEPS = {
    'BatchRandomCrop': dict(crop_size=(8, 10), padding=2),
    'BatchRandomErasing': dict(erase_prob=0.7),
    'BatchRandomFlip': dict(prob=0.6, direction=['horizontal', 'diagonal']),
}

# Transforms of batches that change the pixels and move nothing.
KEEP_PLACE = ('BatchRandomErasing',)

# Transforms that change the pixels and move nothing.
PHOTOMETRIC = (
    *('ColorJitter', 'Lighting', 'Normalize', 'RandomErasing', 'RandomGrayscale'),
    *('GaussianNoise', 'PhotoMetricDistortion'),
    *_OPERATIONS,
)

# Transforms that neither move nor change pixels themselves.
NEITHER = (
    *('BEiTMaskGenerator', 'SimMIMMaskGenerator'),
    *('LoadSequence', 'RandomPerspective', 'SampleFrames', 'SilhouetteCut'),
    'ElasticDistortion',
    'SkeletonMaps',
    *('AutoAugment', 'RandAugment', 'RandomApply', 'RandomChoice'),
    *('Albu', 'Albumentations', 'ApplyToList', 'Collect', 'Transpose'),
    *('ImageToTensor', 'KeyMapper', 'MultiScaleFlipAug', 'ToTensor'),
    'TransformBroadcaster',
    'Compose',
    'LoadAnnotations',
    'LoadDisparity',
    'LoadImageFromFile',
    *('FilterAnnotations', 'MinIoURandomCrop', 'Mosaic'),  # depend on boxes
    'MultiView',
    'PackInputs',
    'ShiftView',
    'PackMultiTaskInputs',
    *('NumpyToPIL', 'PILToNumpy', 'ToNumpy', 'ToPIL'),
    'RandomPerspective',
    'RandomResizedCropAndInterpolationWithTwoPic',
    'SwapFlip',
    'TestTimeAug',
    'ViewErasing',
)

# Transforms that turn uint8 into something else, each with the reason.
OTHER_DTYPE = {'Normalize': 'normalised values are fractions'}
