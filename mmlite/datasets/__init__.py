"""Datasets, the transforms that their samples go through, and samplers."""

from .base_dataset import BaseDataset
from .cifar import CIFAR10, CIFAR100
from .collate import default_collate
from .custom import CustomDataset
from .digits import Digits
from .imagenet import ImageNet
from .in_memory.image_table import ImageTable
from .in_memory.loading import load_in_memory
from .mnist import MNIST, FashionMNIST
from .packed import PackedDataset
from .samplers import (
    AspectRatioBatchSampler,
    DefaultSampler,
    InfiniteSampler,
    PKSampler,
    SeededBatchSampler,
    SeededSampler,
    WeightedRandomSampler,
)
from .seeded_index import SeededIndex
from .threads import limit_opencv_threads
from .transforms import BaseTransform, Compose, register_field, rng_of
from .wrappers import ClassBalancedDataset, ConcatDataset, RepeatDataset

__all__ = [
    'CIFAR10',
    'CIFAR100',
    'MNIST',
    'AspectRatioBatchSampler',
    'BaseDataset',
    'BaseTransform',
    'ClassBalancedDataset',
    'Compose',
    'ConcatDataset',
    'CustomDataset',
    'DefaultSampler',
    'Digits',
    'FashionMNIST',
    'ImageNet',
    'ImageTable',
    'InfiniteSampler',
    'PKSampler',
    'PackedDataset',
    'RepeatDataset',
    'SeededBatchSampler',
    'SeededIndex',
    'SeededSampler',
    'WeightedRandomSampler',
    'default_collate',
    'limit_opencv_threads',
    'load_in_memory',
    'register_field',
    'rng_of',
]
