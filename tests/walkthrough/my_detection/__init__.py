"""A user's own package: a new backbone."""

from . import inception_v100

__all__ = ['inception_v100']
