"""mmlite: computer vision models that are Python dicts.

``import mmlite`` is cheap: models, datasets and hooks are imported by their
registry when the first one of them is looked up.
"""

from importlib import import_module
from typing import Any

from .quiet import silence
from .version import __version__

__all__ = ['__version__', 'train']

#: Where each lies that is imported when it is first asked for.
_HOMES = {'train': 'mmlite.apis'}

silence()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
