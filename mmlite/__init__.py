"""mmlite: computer vision models that are Python dicts.

``import mmlite`` is cheap: models, datasets and hooks are imported by their
registry when the first one of them is looked up.
"""

from .quiet import silence
from .version import __version__

__all__ = ['__version__']

silence()
