"""The steps of a pipeline: one sample in, one sample out."""

from .affine import RandomAffine
from .albumentations_steps import Albumentations
from .annotations import LoadAnnotations
from .auto_augment import AutoAugment, RandAugment, RandomApply, RandomChoice
from .base import BaseTransform, SampleRandom, draws, rng_of
from .batch_transform import BatchTransform, refuse_left_behind, refuse_several
from .color import ColorJitter, Lighting, Normalize, RandomGrayscale
from .compose import ApplyToList, Compose, MultiView, build_steps
from .cropping import (
    BatchRandomCrop,
    CenterCrop,
    MAERandomResizedCrop,
    RandomCrop,
    RandomResizedCrop,
)
from .detection import (
    Expand,
    FilterAnnotations,
    MinIoURandomCrop,
    PhotoMetricDistortion,
)
from .disparity_files import (
    decode_disparity,
    decode_pfm,
    encode_disparity,
    encode_pfm,
)
from .efficientnet_crops import EfficientNetCenterCrop, EfficientNetRandomCrop
from .elastic import ElasticDistortion
from .erasing import BatchRandomErasing, RandomErasing
from .field_steps import Collect, ImageToTensor, ToTensor, Transpose
from .fields import (
    BoxField,
    CompanionField,
    DisparityField,
    Field,
    FixedField,
    ImageField,
    MapField,
    SequenceField,
    ValidField,
    register_field,
)
from .flipping import (
    AlternatingFlip,
    BatchAlternatingFlip,
    BatchRandomFlip,
    RandomFlip,
    SwapFlip,
    is_turn,
)
from .formatting import PackInputs
from .gaussian_blur import GaussianBlur
from .loading import LoadImageFromFile
from .mapping import KeyMapper, TransformBroadcaster
from .masking import (
    BEiTMaskGenerator,
    MaskGenerator,
    RandomResizedCropAndInterpolationWithTwoPic,
    SimMIMMaskGenerator,
)
from .mosaic import Mosaic
from .multi_task import PackMultiTaskInputs
from .noise import GaussianNoise
from .operation import Operation, PixelOperation
from .pixel_operations import (
    AutoContrast,
    Brightness,
    ColorTransform,
    Contrast,
    Cutout,
    Equalize,
    Invert,
    Posterize,
    Sharpness,
    Solarize,
    SolarizeAdd,
)
from .random_resizing import RandomChoiceResize, RandomResize
from .resizing import Pad, Resize, ResizeEdge
from .sequence_files import natural, read_grey, read_pictures
from .sequence_warps import RandomPerspective, RandomRotate
from .sequences import LoadSequence, SampleFrames, SilhouetteCut
from .shifting import Shift
from .skeletons import SkeletonMaps, follow_person, skeleton_maps
from .stereo import LoadDisparity, RandomStereoScale, ShiftView, ViewErasing
from .torchvision_steps import NumpyToPIL, PILToNumpy, TorchvisionTransform
from .variants import MultiScaleFlipAug, TestTimeAug
from .warping import Rotate, Shear, Translate

__all__ = [
    'Albumentations',
    'AlternatingFlip',
    'ApplyToList',
    'AutoAugment',
    'AutoContrast',
    'BEiTMaskGenerator',
    'BaseTransform',
    'BatchAlternatingFlip',
    'BatchRandomCrop',
    'BatchRandomErasing',
    'BatchRandomFlip',
    'BatchTransform',
    'BoxField',
    'Brightness',
    'CenterCrop',
    'Collect',
    'ColorJitter',
    'ColorTransform',
    'CompanionField',
    'Compose',
    'Contrast',
    'Cutout',
    'DisparityField',
    'EfficientNetCenterCrop',
    'EfficientNetRandomCrop',
    'ElasticDistortion',
    'Equalize',
    'Expand',
    'Field',
    'FilterAnnotations',
    'FixedField',
    'GaussianBlur',
    'GaussianNoise',
    'ImageField',
    'ImageToTensor',
    'Invert',
    'KeyMapper',
    'Lighting',
    'LoadAnnotations',
    'LoadDisparity',
    'LoadImageFromFile',
    'LoadSequence',
    'MAERandomResizedCrop',
    'MapField',
    'MaskGenerator',
    'MinIoURandomCrop',
    'Mosaic',
    'MultiScaleFlipAug',
    'MultiView',
    'Normalize',
    'NumpyToPIL',
    'Operation',
    'PILToNumpy',
    'PackInputs',
    'PackMultiTaskInputs',
    'Pad',
    'PhotoMetricDistortion',
    'PixelOperation',
    'Posterize',
    'RandAugment',
    'RandomAffine',
    'RandomApply',
    'RandomChoice',
    'RandomChoiceResize',
    'RandomCrop',
    'RandomErasing',
    'RandomFlip',
    'RandomGrayscale',
    'RandomPerspective',
    'RandomResize',
    'RandomResizedCrop',
    'RandomResizedCropAndInterpolationWithTwoPic',
    'RandomRotate',
    'RandomStereoScale',
    'Resize',
    'ResizeEdge',
    'Rotate',
    'SampleFrames',
    'SampleRandom',
    'SequenceField',
    'Sharpness',
    'Shear',
    'Shift',
    'ShiftView',
    'SilhouetteCut',
    'SimMIMMaskGenerator',
    'SkeletonMaps',
    'Solarize',
    'SolarizeAdd',
    'SwapFlip',
    'TestTimeAug',
    'ToTensor',
    'TorchvisionTransform',
    'TransformBroadcaster',
    'Translate',
    'Transpose',
    'ValidField',
    'ViewErasing',
    'build_steps',
    'decode_disparity',
    'decode_pfm',
    'draws',
    'encode_disparity',
    'encode_pfm',
    'follow_person',
    'is_turn',
    'natural',
    'read_grey',
    'read_pictures',
    'refuse_left_behind',
    'refuse_several',
    'register_field',
    'rng_of',
    'skeleton_maps',
]
