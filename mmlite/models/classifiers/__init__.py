"""The wholes that classify."""

from .base import BaseClassifier
from .image import ImageClassifier
from .score_tta import AverageClsLogitTTA, AverageClsScoreTTA

__all__ = [
    'AverageClsLogitTTA',
    'AverageClsScoreTTA',
    'BaseClassifier',
    'ImageClassifier',
]
