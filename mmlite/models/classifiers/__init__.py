"""Models that classify images."""

from . import key_maps  # noqa: F401  (enters the maps by name)
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
