"""From a batch on the CPU to one that a model takes."""

from .cls_data_preprocessor import ClsDataPreprocessor
from .cutmix import CutMix
from .mixup import Mixup
from .random_batch_augment import RandomBatchAugment

__all__ = ['ClsDataPreprocessor', 'CutMix', 'Mixup', 'RandomBatchAugment']
