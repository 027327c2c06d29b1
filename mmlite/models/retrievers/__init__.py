"""Models that find similar images in a gallery."""

from .base import BaseRetriever
from .image2image import ImageToImageRetriever

__all__ = ['BaseRetriever', 'ImageToImageRetriever']
