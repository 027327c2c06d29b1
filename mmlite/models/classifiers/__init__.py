"""Models that classify images."""

from .base import BaseClassifier
from .image import ImageClassifier
from .score_tta import AverageClsLogitTTA, AverageClsScoreTTA
from .wrapped import HuggingFaceClassifier, TimmClassifier

__all__ = [
    'AverageClsLogitTTA',
    'AverageClsScoreTTA',
    'BaseClassifier',
    'HuggingFaceClassifier',
    'ImageClassifier',
    'TimmClassifier',
]
