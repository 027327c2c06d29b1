"""A user's own package: a new backbone, and what makes detectors of it."""

from . import extractors, inception_v100

__all__ = ['extractors', 'inception_v100']
