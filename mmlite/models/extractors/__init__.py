"""Feature extractors: a backbone cut for Faster R-CNN or SSD."""

from .base import (
    FasterRCNNFeatureExtractor,
    FeatureExtractor,
    SSDFeatureExtractor,
)
from .classifier_rcnn import ClassifierRCNNExtractor
from .multi_map import FPNExtractor, SSDMultiMapExtractor

__all__ = [
    'ClassifierRCNNExtractor',
    'FPNExtractor',
    'FasterRCNNFeatureExtractor',
    'FeatureExtractor',
    'SSDFeatureExtractor',
    'SSDMultiMapExtractor',
]
