"""Where a config that is a program stopped, and why."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .files import shown
from .parsing import BASE
from .templates import absent_in_base

__all__ = ['execution_error']

_ABSENCES = (AttributeError, IndexError, KeyError)
_NOT_FOUND = (AttributeError, IndexError, KeyError, TypeError)


def execution_error(
    error: Exception, path: Path, tree: ast.Module, base: Mapping[str, Any]
) -> ConfigError:
    """The error of a config in one line, with the place.

    Args:
        error: What running the file has raised.
        path: The file.
        tree: Its code.
        base: What its base files hold.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename == str(path)]
    source, line = shown(path), ''
    message = f'{type(error).__name__}: {error}'
    if own:
        number = own[-1].lineno or 1
        source += f':{number}'
        line = own[-1].line or ''
        if isinstance(error, _ABSENCES):
            message = _absent(tree, number, base) or message
    return ConfigError(f'{message}: {line}' if line else message, source)


def _absent(tree: ast.Module, number: int, base: Mapping[str, Any]) -> str:
    """What a line reads of the base files that is not there; '' if all of it is."""
    for node in ast.walk(tree):
        span = range(getattr(node, 'lineno', 0), getattr(node, 'end_lineno', 0) + 1)
        keys = list(_keys(node)) if number in span else []
        value: Any = base
        for key in keys:
            try:
                value = value[key]
            except _NOT_FOUND:
                return absent_in_base(key, value)
    return ''


def _keys(node: ast.AST) -> Iterator[Any]:
    """The keys behind ``_base_`` in ``_base_.a['b']``; none of any other expression."""
    keys: list[Any] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            keys.append(node.attr)
        elif isinstance(node.slice, ast.Constant):
            keys.append(node.slice.value)
        else:
            return
        node = node.value
    if isinstance(node, ast.Name) and node.id == BASE:
        yield from reversed(keys)
