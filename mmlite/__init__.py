"""mmlite: computer vision models that are Python dicts.

``import mmlite`` is cheap: models, datasets and hooks are imported by their
registry when the first one of them is looked up, and what is named here when it is
first asked for.
"""

from importlib import import_module
from typing import Any

from .quiet import silence
from .version import __version__

__all__ = [
    'Inferencer',
    '__version__',
    'get_model',
    'list_models',
    'model_card',
    'train',
]

_OF_APIS = ('Inferencer', 'get_model', 'list_models', 'model_card', 'train')

silence()


def __getattr__(name: str) -> Any:
    if name not in _OF_APIS:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module('.apis', __name__), name)


def __dir__() -> list[str]:
    return __all__
