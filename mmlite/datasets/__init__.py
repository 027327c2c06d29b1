"""Datasets, the transforms that their samples go through, and samplers."""

from .base_dataset import BaseDataset
from .boxes import BoxDataset
from .cifar import CIFAR10, CIFAR100
from .coco import CocoDataset
from .collate import default_collate
from .cub_retrieval import CUBRetrieval
from .custom import CustomDataset
from .digits import Digits
from .digits_retrieval import DigitsRetrieval, TurnedDigits
from .fine_grained import CUB, SUN397, Caltech101, FGVCAircraft, Food101, OxfordIIITPet
from .gait import GaitDataset, read_partition
from .imagenet import ImageNet, ImageNet21k
from .in_memory.image_table import ImageTable
from .in_memory.loading import load_in_memory
from .inshop import InShop
from .kfold import KFoldDataset
from .mat_datasets import DTD, Flowers102, StanfordCars
from .mnist import MNIST, FashionMNIST
from .multi_label import MultiLabelDataset, MultiTaskDataset
from .packed import PackedDataset
from .places205 import Places205
from .retrieval_queries import RetrievalQueries
from .samplers import (
    AspectRatioBatchSampler,
    DefaultSampler,
    InfiniteSampler,
    PKSampler,
    RepeatAugSampler,
    SeededBatchSampler,
    SeededSampler,
    SequentialSampler,
    WeightedRandomSampler,
)
from .seeded_index import SeededIndex
from .shapes import Shapes
from .silhouettes import prepare_walk
from .stereo import StereoDataset
from .stereo_published import (
    ETH3D,
    KITTI2012,
    KITTI2015,
    DrivingStereo,
    MiddleburyStereo,
    SceneFlow,
)
from .stereo_scenes import StereoScenes
from .threads import limit_opencv_threads
from .transforms import BaseTransform, Compose, register_field, rng_of
from .voc import VOC
from .voc_boxes import VOCDetection
from .walkers import Walkers
from .wrappers import (
    ClassBalancedDataset,
    ConcatDataset,
    MultiImageMixDataset,
    RepeatDataset,
)
from .yolo import YoloDataset

__all__ = [
    'CIFAR10',
    'CIFAR100',
    'CUB',
    'DTD',
    'ETH3D',
    'KITTI2012',
    'KITTI2015',
    'MNIST',
    'SUN397',
    'VOC',
    'AspectRatioBatchSampler',
    'BaseDataset',
    'BaseTransform',
    'BoxDataset',
    'CUBRetrieval',
    'Caltech101',
    'ClassBalancedDataset',
    'CocoDataset',
    'Compose',
    'ConcatDataset',
    'CustomDataset',
    'DefaultSampler',
    'Digits',
    'DigitsRetrieval',
    'DrivingStereo',
    'FGVCAircraft',
    'FashionMNIST',
    'Flowers102',
    'Food101',
    'GaitDataset',
    'ImageNet',
    'ImageNet21k',
    'ImageTable',
    'InShop',
    'InfiniteSampler',
    'KFoldDataset',
    'MiddleburyStereo',
    'MultiImageMixDataset',
    'MultiLabelDataset',
    'MultiTaskDataset',
    'OxfordIIITPet',
    'PKSampler',
    'PackedDataset',
    'Places205',
    'RepeatAugSampler',
    'RepeatDataset',
    'RetrievalQueries',
    'SceneFlow',
    'SeededBatchSampler',
    'SeededIndex',
    'SeededSampler',
    'SequentialSampler',
    'Shapes',
    'StanfordCars',
    'StereoDataset',
    'StereoScenes',
    'TurnedDigits',
    'VOCDetection',
    'Walkers',
    'WeightedRandomSampler',
    'YoloDataset',
    'default_collate',
    'limit_opencv_threads',
    'load_in_memory',
    'prepare_walk',
    'read_partition',
    'register_field',
    'rng_of',
]
