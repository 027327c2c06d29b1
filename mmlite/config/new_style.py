"""Configs of the new style: ``with read_base():`` and classes as ``type``.

They import the classes that they name, from packages that need not be installed: what
comes from mmpretrain, mmcls or mmcv stands for the registered name, which is looked
up among our own parts.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..lookup import PUBLISHED_SCOPES
from ..registry import REGISTRIES
from .files import nearest_files, shown

__all__ = [
    'NAMESPACE',
    'READ_BASE',
    'BaseImport',
    'imported_names',
    'imports_as_names',
    'is_base_block',
    'names_of_classes',
    'take_base_imports',
]

#: What runs in the place of a ``with read_base():``, with its number.
READ_BASE = '__read_base__'
_NAME = '__imported__'
#: Packages whose parts we have under the same names.
_PACKAGES = (*PUBLISHED_SCOPES, 'mmselfsup')


class BaseImport(NamedTuple):
    """One ``from ._base_.x import ...`` of a ``with read_base():``.

    Args:
        path: The config file that is meant.
        names: Pairs of a name there and the name here; None is all of them.
    """

    path: Path
    names: list[tuple[str, str]] | None


def take_base_imports(
    tree: ast.Module, path: Path, source: str
) -> list[list[BaseImport]]:
    """Put a call in the place of each ``with read_base():``; return what it reads.

    Args:
        tree: The code; changed in place.
        path: The file that it stands in.
        source: Its name, for messages.

    Raises:
        ConfigError: if something else than imports of configs stands in there, or
            a config is not where the import says.
    """
    blocks: list[list[BaseImport]] = []
    for i, node in enumerate(tree.body):
        if not is_base_block(node):
            continue
        blocks.append([_base_import(inner, path, source) for inner in node.body])
        (call,) = ast.parse(f'{READ_BASE}({len(blocks) - 1})').body
        tree.body[i] = ast.copy_location(call, node)
    ast.fix_missing_locations(tree)
    return blocks


def is_base_block(node: ast.AST) -> bool:
    """Whether it is ``with read_base():``, or ``if '_base_':`` as at first."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Constant) and node.test.value == '_base_'
    if not isinstance(node, ast.With):
        return False
    calls = [item.context_expr for item in node.items]
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == 'read_base'
        for call in calls
    )


def _base_import(node: ast.AST, path: Path, source: str) -> BaseImport:
    if not isinstance(node, ast.ImportFrom):
        raise ConfigError(
            'with read_base() takes imports of configs only, such as '
            '"from .._base_.models.resnet18 import *"',
            f'{source}:{node.lineno}',
        )
    parts = (node.module or '').split('.')
    if node.level:
        folder = path.parents[node.level - 1]
    else:
        folder = _folder_of_package(parts[0], path)
    file = folder.joinpath(*parts).with_suffix('.py')
    if not file.is_file():
        wanted = '.' * node.level + '.'.join(parts)
        near = nearest_files(file, file.parent, path.parent)
        raise ConfigError(
            f'there is no config {wanted!r} (looked for {shown(file)}){near}',
            f'{source}:{node.lineno}',
        )
    pairs = [(alias.name, alias.asname or alias.name) for alias in node.names]
    return BaseImport(file, None if pairs == [('*', '*')] else pairs)


def _folder_of_package(name: str, path: Path) -> Path:
    """Where a package lies that a config names in full: around it, or installed."""
    for parent in path.parents:
        if parent.name == name:
            return parent.parent
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parents[1] if spec and spec.origin else path.parent


def imports_as_names(tree: ast.Module, always: bool) -> set[str]:
    """Let imports from OpenMMLab's packages give names where those are not there.

    Args:
        tree: The code; changed in place.
        always: Whether to do so with packages that are installed, too; their own
            classes are not what we build.

    Returns:
        The names that stand for names now.
    """
    named: set[str] = set()
    for i, node in enumerate(tree.body):
        if isinstance(node, ast.ImportFrom) and _is_named(node, always):
            lines = [
                f'{a.asname or a.name} = {_NAME}({node.module!r}, {a.name!r})'
                for a in node.names
                if a.name != 'read_base'
            ]
            call = ast.parse('\n'.join(lines) or 'pass').body
            tree.body[i] = ast.If(ast.Constant(True), call, [])
            ast.copy_location(tree.body[i], node)
            named |= _bound(node)
    ast.fix_missing_locations(tree)
    return named


def imported_names(tree: ast.Module) -> set[str]:
    """The names that imports at the top of the code bind."""
    imports = (ast.Import, ast.ImportFrom)
    return set().union(*(_bound(n) for n in tree.body if isinstance(n, imports)))


def _bound(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {alias.asname or alias.name.split('.')[0] for alias in node.names}


def _is_named(node: ast.ImportFrom, always: bool) -> bool:
    package = (node.module or '').split('.')[0]
    if node.level or package not in _PACKAGES or package == 'mmlite':
        return False
    return always or importlib.util.find_spec(package) is None


def named_import(module: str, name: str) -> Any:
    """What an import gives: mmengine's own class, or the name of another's."""
    if module.split('.')[0] == 'mmengine':
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            return name
    return name


#: What the code of a config calls.
NAMESPACE: Mapping[str, Any] = {_NAME: named_import}


def names_of_classes(value: Any) -> Any:
    """A value in which registered classes and functions have become their names.

    Example:
        >>> from torch import optim
        >>> names_of_classes(dict(type=optim.SGD, lr=0.1))
        {'type': 'SGD', 'lr': 0.1}
    """
    if isinstance(value, dict):
        return type(value)({k: names_of_classes(v) for k, v in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)([names_of_classes(item) for item in value])
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return value
    for registry in REGISTRIES.values():
        registry.import_from_location()
        for known in (registry, registry.parent):
            for name, target in known.module_dict.items():
                if target is value:
                    return name
    return value
