"""Read the config that a checkpoint holds, as data."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from logging import WARNING
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from ..errors import ConfigError
from ..registry import MODELS, TASK_UTILS, TRANSFORMS, WEIGHT_INITIALIZERS
from .paths import check_paths, check_trust

__all__ = ['config_of_text']

#: Registries that parts of a model are built from.
_OF_MODELS = (MODELS, TASK_UTILS, TRANSFORMS, WEIGHT_INITIALIZERS)
_NUMBERS = (int, float, complex)
_FLOATS = ('inf', 'nan')


def config_of_text(text: str, source: str, announce: bool = True) -> Config:
    """The config of the Python text that ``Config.pretty_text`` writes.

    The text is never run: it holds assignments of plain values, ``dict(...)`` and
    nothing else, as everything that a config is written with does. So the config in a
    checkpoint of any origin can be read safely. ``custom_imports`` in it are not
    followed.

    Args:
        text: What stands under ``meta.cfg`` of a checkpoint.
        source: The file it is from, for messages.
        announce: Whether to speak of ``custom_imports``: to warn, or to refuse the
            config where its model has a part that is known to none of our registries.

    Raises:
        ConfigError: if it holds anything but plain values, names the path of a
            class that is not registered, asks for code of others to be run, or needs
            a module to be imported.

    Example:
        >>> config_of_text("model = dict(type='A', depth=18)", 'a.pth').model.depth
        18
        >>> config_of_text("import os", 'a.pth')
        Traceback (most recent call last):
        mmlite.errors.ConfigError: a.pth: line 1 of its config is not a plain value; ...
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(source, getattr(error, 'lineno', None)) from None
    values: dict[str, Any] = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                try:
                    values[name] = _value(value)
                except (ValueError, TypeError, RecursionError):
                    raise _refused(source, statement.lineno) from None
            case _:
                raise _refused(source, statement.lineno)
    imports = values.pop('custom_imports', None)
    if announce:
        _announce(imports, source, values.get('model'))
    cfg = Config(values)
    if problems := [*check_trust(values), *check_paths(cfg)]:
        raise ConfigError(problems, source)
    return cfg


def _announce(imports: Any, source: str, model: Any) -> None:
    """Say which modules are not imported, as data import nothing.

    Raises:
        ConfigError: if a part of the model is of one of them.
    """
    names = imports.get('imports') if isinstance(imports, dict) else None
    names = [names] if isinstance(names, str) else names or []
    missing = [name for name in names if str(name) not in sys.modules]
    if not missing:
        return
    must_not = f'its config imports {", ".join(map(str, missing))}, which a file of '
    must_not += 'weights must not do; '
    remedy = f'name the config file before it{_beside(source)}'
    if unknown := next(_unknown_kinds(model), None):
        raise ConfigError(f'{must_not}for its {unknown!r}, {remedy}', source)
    message = f'{source}: {must_not}where its classes are needed, {remedy}'
    print_log(message, 'current', WARNING)


def _unknown_kinds(node: Any) -> Iterator[str]:
    """The types of the parts of a model that no registry knows."""
    if isinstance(node, dict):
        kind = node.get('type')
        plain = isinstance(kind, str) and '.' not in kind
        if plain and all(registry.get(kind) is None for registry in _OF_MODELS):
            yield kind
        node = list(node.values())
    for inner in node if isinstance(node, (list, tuple)) else ():
        yield from _unknown_kinds(inner)


def _beside(source: str) -> str:
    """The config that a training has left in the folder of a checkpoint."""
    configs = sorted(Path(source).parent.glob('*.py'), key=lambda file: len(file.name))
    return f': {configs[0]} {source}' if configs else ''


def _refused(source: str, line: int | None) -> ConfigError:
    where = 'its config' if line is None else f'line {line} of its config'
    return ConfigError(
        f'{where} is not a plain value; give the config file beside the checkpoint',
        source,
    )


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Call(func=ast.Name(id=name)):
            return _of_call(name, node)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            pairs = zip(keys, values, strict=True)
            return {_value(key): _value(value) for key, value in pairs}
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            number = _value(operand)
            if not isinstance(number, _NUMBERS):
                raise ValueError
            return -number if isinstance(sign, ast.USub) else number
    for kind, make in _SEQUENCES.items():
        if isinstance(node, kind):
            return make(map(_value, node.elts))
    raise ValueError


_SEQUENCES: dict[type, Any] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}


def _of_call(name: str, node: ast.Call) -> Any:
    """The value of the calls that stand for plain values."""
    match name, node.args, node.keywords:
        case 'dict', [], keywords if all(k.arg is not None for k in keywords):
            return {keyword.arg: _value(keyword.value) for keyword in keywords}
        case 'dict', [ast.Dict() as inner], []:
            return _value(inner)
        case 'float', [ast.Constant(value=str(word))], []:
            if word.lstrip('-+') in _FLOATS:
                return float(word)
        case 'set', [], []:
            return set()
        case (('range' | 'slice' | 'complex' | 'frozenset'), args, []):
            return _MADE[name](*map(_value, args))
    raise ValueError


_MADE = dict(range=range, slice=slice, complex=complex, frozenset=frozenset)
