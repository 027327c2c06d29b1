"""Write a config as Python text that reads back as it was."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from yapf.yapflib.yapf_api import FormatCode

__all__ = [
    'config_text',
    'plain_config',
    'plain_value',
    'source_text',
    'write_config',
]

_STYLE = dict(
    based_on_style='pep8',
    blank_line_before_nested_class_or_def=True,
    split_before_expression_after_opening_paren=True,
)
_SEVERAL = (list, tuple, set, frozenset)
_KEYS = (str, bool, int, float, type(None))
_DATA = (str, bytes, bool, int, float, complex, range, slice)


def config_text(cfg: Config) -> str:
    """The config as Python code.

    Classes and functions become their dotted path, as text; infinite numbers
    and NaN a call of ``float``. Everything else reads back equal.

    Args:
        cfg: A config.

    Example:
        >>> print(config_text(Config(dict(a=torch.optim.SGD, b=float('inf')))), end='')
        a = 'torch.optim.sgd.SGD'
        b = float('inf')
    """
    content = plain_value(cfg.to_dict())
    lines = [
        f'{key} = {_code(content[key])}\n'
        if _is_name(key)
        else f'globals()[{key!r}] = {_code(content[key])}\n'
        for key in sorted(content, key=str)
    ]
    return FormatCode(''.join(lines), style_config=_STYLE)[0]


def source_text(sections: Mapping[str, Any]) -> str:
    """Python code that defines some sections, in their order.

    Args:
        sections: Plain data by name.

    Example:
        >>> print(source_text(dict(model=dict(type='LeNet5', out=3))), end='')
        model = dict(type='LeNet5', out=3)
    """
    lines = [f'{key} = {_as_given(value)}\n' for key, value in sections.items()]
    style = dict(_STYLE, column_limit=88, dedent_closing_brackets=True)
    return FormatCode(''.join(lines), style_config=style)[0]


def write_config(cfg: Config, path: str | Path) -> None:
    """Write a config into a ``.py``, ``.json``, ``.yaml`` or ``.yml`` file.

    Args:
        cfg: A config.
        path: The file.
    """
    if Path(path).suffix == '.py':
        Path(path).write_text(config_text(cfg), encoding='utf-8')
    else:
        Config(_for_data(plain_value(cfg.to_dict()))).dump(path)


def plain_config(cfg: Config) -> Config:
    """A copy in which everything is data: no class, no function, no array.

    Args:
        cfg: A config.

    Example:
        >>> plain_config(Config(dict(type=torch.optim.SGD))).type
        'torch.optim.sgd.SGD'
    """
    return Config(plain_value(cfg.to_dict()), filename=cfg.filename)


def plain_value(value: Any) -> Any:
    """Data in place of a class, a function, an array and all that holds them."""
    if isinstance(value, Mapping):
        return {k: plain_value(v) for k, v in value.items()}
    if isinstance(value, _SEVERAL):
        kind = next(k for k in _SEVERAL if isinstance(value, k))
        return kind(plain_value(v) for v in value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (np.ndarray, torch.Tensor)):
        return value.tolist()
    if value is None or value is Ellipsis or isinstance(value, _DATA):
        return value
    if isinstance(value, (PurePath, torch.dtype, torch.device)):
        return str(value)
    name = getattr(value, '__qualname__', None)
    if name is not None:
        module = getattr(value, '__module__', None)
        return f'{module}.{name}' if module not in (None, 'builtins') else name
    return repr(value)


def _for_data(value: Any) -> Any:
    """Plain values in place of those that JSON and YAML have not."""
    if isinstance(value, Mapping):
        return {
            k if isinstance(k, _KEYS) else _code(k): _for_data(v)
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple, set)):
        kind = next(k for k in (list, tuple, set) if isinstance(value, k))
        return kind(map(_for_data, value))
    if isinstance(value, (frozenset, range)):
        return list(map(_for_data, value))
    no_data = isinstance(value, (bytes, complex, slice)) or value is Ellipsis
    return _code(value) if no_data else value


def _as_given(value: Any) -> str:
    """The expression of plain data, keys in their order, short lists on one line."""
    if isinstance(value, Mapping):
        inner = {key: _as_given(item) for key, item in value.items()}
        if all(_is_name(key) for key in inner):
            return f'dict({", ".join(f"{key}={code}" for key, code in inner.items())})'
        return f'{{{", ".join(f"{key!r}: {code}" for key, code in inner.items())}}}'
    if isinstance(value, (list, tuple)):
        code = ', '.join(map(_as_given, value))
        one_each = any(isinstance(item, (Mapping, list)) for item in value)
        comma = (
            ',' if one_each or (len(value) == 1 and isinstance(value, tuple)) else ''
        )
        return f'[{code}{comma}]' if isinstance(value, list) else f'({code}{comma})'
    return _code(value)


def _code(value: Any) -> str:
    """The expression of plain data."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float({str(value)!r})'
    if value is Ellipsis:
        return '...'
    if isinstance(value, complex):  # whose parts may be infinite
        return f'complex({_code(value.real)}, {_code(value.imag)})'
    if isinstance(value, frozenset):
        return f'frozenset({_code(list(value))})'
    if isinstance(value, set) and value:
        return f'{{{", ".join(map(_code, value))}}}'
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: str(item[0]))
        if all(_is_name(key) for key in value):
            return f'dict({", ".join(f"{k}={_code(v)}" for k, v in items)})'
        return f'{{{", ".join(f"{_code(k)}: {_code(v)}" for k, v in items)}}}'
    if isinstance(value, (list, tuple)):
        # With a comma behind each, yapf gives each a line of its own.
        items = ''.join(f'{_code(item)}, ' for item in value)
        return f'[{items}]' if isinstance(value, list) else f'({items})'
    return repr(value)


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key)
