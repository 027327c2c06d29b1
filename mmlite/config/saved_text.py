"""Read the config that a checkpoint holds, as data."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from logging import WARNING
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from ..errors import ConfigError
from .imports import missing_imports
from .models import types_unknown
from .paths import check_paths, check_trust

__all__ = ['config_of_text']

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
        announce: Whether to warn of ``custom_imports``.

    Raises:
        ConfigError: if it holds anything but plain values, names the path of a
            class that is not registered, asks for code of others to be run, or has a
            model of classes that only its ``custom_imports`` define.

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
    missing = missing_imports(values)
    values.pop('custom_imports', None)
    cfg = Config(values)
    if problems := [*check_trust(values), *check_paths(cfg)]:
        raise ConfigError(problems, source)
    if announce and missing:
        _announce(missing, values.get('model'), source)
    return cfg


def _announce(missing: Sequence[str], model: Any, source: str) -> None:
    """Say that modules are not imported: data import nothing.

    Raises:
        ConfigError: if the model is of a class that is not known without them.
    """
    modules, beside = ', '.join(missing), _config_beside(source)
    unknown = types_unknown(model)
    if unknown:
        raise ConfigError(
            f'its model is of {", ".join(unknown)}, as {modules} may define, which a '
            'file of weights must not import; name the config before it: '
            f'{beside} {source}',
            source,
        )
    message = (
        f'{source}: its config imports {modules}, which a file of weights must not do; '
        f'where its classes are needed, name the config before it: {beside} {source}'
    )
    print_log(message, 'current', WARNING)


def _config_beside(source: str) -> str:
    """The config in the folder of a checkpoint, if there is one.

    One that was trained in its own work_dir lies there twice, see ``..._whole.py``.
    """
    found = sorted(Path(source).parent.glob('*.py'))
    found = [file for file in found if not file.stem.endswith('_whole')]
    return str(found[0]) if len(found) == 1 else 'CONFIG'


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
