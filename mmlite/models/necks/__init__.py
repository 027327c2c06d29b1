"""Necks: features in, features out."""

from .gap import GlobalAveragePooling

__all__ = ['GlobalAveragePooling']
