"""Necks: features in, features out."""

from .gap import GlobalAveragePooling
from .gmp import GlobalMaxPooling

__all__ = ['GlobalAveragePooling', 'GlobalMaxPooling']
