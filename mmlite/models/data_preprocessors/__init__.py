"""From a batch on the CPU to one that a model takes."""

from .base_data_preprocessor import BaseDataPreprocessor
from .cls_data_preprocessor import ClsDataPreprocessor
from .cutmix import CutMix
from .det_data_preprocessor import DetDataPreprocessor
from .gait_data_preprocessor import GaitDataPreprocessor
from .image import ImageDataPreprocessor
from .mixup import Mixup
from .padding import pad_like_images, unpad
from .random_batch_augment import RandomBatchAugment
from .resizemix import ResizeMix
from .selfsup_data_preprocessor import SelfSupDataPreprocessor, TwoNormDataPreprocessor
from .stereo_data_preprocessor import StereoDataPreprocessor

__all__ = [
    'BaseDataPreprocessor',
    'ClsDataPreprocessor',
    'CutMix',
    'DetDataPreprocessor',
    'GaitDataPreprocessor',
    'ImageDataPreprocessor',
    'Mixup',
    'RandomBatchAugment',
    'ResizeMix',
    'SelfSupDataPreprocessor',
    'StereoDataPreprocessor',
    'TwoNormDataPreprocessor',
    'pad_like_images',
    'unpad',
]
