"""From a batch on the CPU to one that a model takes."""

from .base_data_preprocessor import BaseDataPreprocessor
from .cls_data_preprocessor import ClsDataPreprocessor
from .cutmix import CutMix
from .mixup import Mixup
from .random_batch_augment import RandomBatchAugment

__all__ = [
    'BaseDataPreprocessor',
    'ClsDataPreprocessor',
    'CutMix',
    'Mixup',
    'RandomBatchAugment',
]
