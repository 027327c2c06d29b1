"""The wholes that classify."""

from .base import BaseClassifier
from .image import ImageClassifier
from .score_tta import AverageClsScoreTTA

__all__ = ['AverageClsScoreTTA', 'BaseClassifier', 'ImageClassifier']
