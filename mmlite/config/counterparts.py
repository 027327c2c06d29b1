"""What stands here for a module of a package whose parts mmlite has."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .. import registry
from ..errors import did_you_mean
from ..registry import REGISTRIES

__all__ = ['instead_of', 'instead_of_names']

#: Packages whose configs and parts are ours, or alike.
_ALIKE = (
    'mmcls',
    'mmcv',
    'mmdet',
    'mmpretrain',
    'mmselfsup',
    'opengait',
    'openstereo',
)
#: What older versions called registries.
_FORMER = {
    'ALGORITHMS': 'MODELS',
    'BACKBONES': 'MODELS',
    'CLASSIFIERS': 'MODELS',
    'DETECTORS': 'MODELS',
    'HEADS': 'MODELS',
    'LOSSES': 'MODELS',
    'NECKS': 'MODELS',
    'PIPELINES': 'TRANSFORMS',
    'RETRIEVER': 'MODELS',
    'SELFSUP': 'MODELS',
    'TARGET_GENERATORS': 'MODELS',
}


def instead_of(module: str, line: str) -> str:
    """What to import for a module that is not installed; '' if that is not known.

    Args:
        module: The name of the module.
        line: The line of code that imports it.

    Example:
        >>> instead_of('mmpretrain', 'from mmpretrain.registry import MODELS')
        "; mmlite has it in its place: write 'from mmlite.registry import MODELS'"
        >>> instead_of('nothing_of_ours', 'import nothing_of_ours')
        ''
    """
    if module.partition('.')[0] not in _ALIKE:
        return ''
    lines = [f'{_import_of(name)!r}' for name in _names(line)]
    if not lines or "''" in lines:
        return (
            '; mmlite needs no such package: its registries are in mmlite.registry, '
            'e.g. from mmlite.registry import MODELS'
        )
    return f'; mmlite has it in its place: write {" and ".join(dict.fromkeys(lines))}'


def instead_of_names(error: ImportError) -> str:
    """What to import for a name that our registry does not have; '' of any other."""
    if getattr(error, 'name', None) != registry.__name__:
        return ''
    name = getattr(error, 'name_from', None) or str(error).split("'")[1]
    if name in _FORMER:
        return f'; that is now {_FORMER[name]}'
    return did_you_mean(name, registry.__all__)


def _names(line: str) -> Sequence[str]:
    """The names that a line imports from a module."""
    try:
        (statement,) = ast.parse(line.strip()).body
    except (SyntaxError, ValueError):
        return ()
    is_from = isinstance(statement, ast.ImportFrom)
    return [alias.name for alias in statement.names] if is_from else ()


def _import_of(name: str) -> str:
    """The line that imports a name of mmlite; '' if there is none."""
    name = _FORMER.get(name, name)
    if name in registry.__all__:
        return f'from {registry.__name__} import {name}'
    for own in REGISTRIES.values():
        module = getattr(own.get(name), '__module__', '')
        if module.startswith('mmlite.'):
            return f'from {module.rpartition(".")[0]} import {name}'
    return ''
