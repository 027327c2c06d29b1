"""The config that a checkpoint was trained with, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

__all__ = ['read_config']


def read_config(text: Any) -> dict[str, Any]:
    r"""The values of a config that was saved as Python code.

    Only literals and calls of ``dict`` are read; what else there is stays text.

    Args:
        text: The code, as mmlite and mmengine keep it in a checkpoint.

    Returns:
        The values by name; none if it is no such code.

    Example:
        >>> read_config("a = dict(lr=0.1, betas=(0.9, -1))\nb = open('c')")
        {'a': {'lr': 0.1, 'betas': (0.9, -1)}, 'b': "open('c')"}
    """
    if not isinstance(text, str):
        return {}
    try:
        return {
            target.id: _value(node.value)
            for node in ast.parse(text).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _value(node: ast.AST) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(map(_value, node.elts))
    if isinstance(node, (ast.List, ast.Set)):
        return list(map(_value, node.elts))
    if isinstance(node, ast.Dict) and all(
        isinstance(k, ast.Constant) for k in node.keys
    ):
        values = map(_value, node.values)
        return {k.value: v for k, v in zip(node.keys, values, strict=True)}
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'dict'
        and not node.args
    ):
        found: dict[str, Any] = {}
        for keyword in node.keywords:
            value = _value(keyword.value)
            if keyword.arg is not None:
                found[keyword.arg] = value
            elif isinstance(value, Mapping):  # dict(**{...})
                found.update(value)
        return found
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand)
        return -value if isinstance(value, (int, float)) else ast.unparse(node)
    return ast.unparse(node)
