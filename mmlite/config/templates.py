"""What stands between ``{{`` and ``}}`` in the text of a config file."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from mmengine.config import ConfigDict

from ..errors import ConfigError, did_you_mean
from ..signature import value_name

__all__ = [
    'MARK',
    'absent_in_base',
    'base_names',
    'base_values',
    'fill',
    'masked',
    'substitute',
]

# What stands for a value of the base files while a text is parsed: a name in
# Python, a plain word in YAML, and nothing special inside quotes.
MARK = re.compile(r'__base_value_\d+__')

_ENVIRONMENT = re.compile(r'\{\{[\'"]?\s*\$(\w+)\s*:\s*(\S*?)\s*[\'"]?\}\}')
_ANY = re.compile(r'\{\{.*?\}\}')
_YAML_COMMENT = re.compile(
    r"""(?:[^'"#]|'[^']*'|"(?:[^"\\]|\\.)*"|(?<=\S)['"#])*?(?:^|(?<=\s))#"""
)
_BASE = re.compile(r'\{\{\s*_base_\.([\w.]+)\s*\}\}')


def substitute(text: str, path: Path, source: str) -> tuple[str, dict[str, str]]:
    """Fill in what concerns the file and the environment.

    ``{{fileBasename}}`` and the like become parts of the file's own path,
    ``{{$NAME:default}}`` an environment variable.

    Returns:
        The text, and the environment variables that were used.

    Raises:
        ConfigError: if a variable is neither set nor has a default.
    """
    own = {
        'fileDirname': path.parent.as_posix(),
        'fileBasename': path.name,
        'fileBasenameNoExtension': path.stem,
        'fileExtname': path.suffix,
    }
    names = '|'.join(own)
    text = _without_comments(text, path.suffix)
    text = re.sub(rf'\{{\{{\s*({names})\s*\}}\}}', lambda m: own[m[1]], text)
    used: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        if name in os.environ:
            used[name] = os.environ[name]
            return used[name]
        if not default:
            line = text.count('\n', 0, match.start()) + 1
            raise ConfigError(
                f'the environment variable {name} is not set; set it, or write a '
                f'default behind the colon: {{{{${name}:default}}}}',
                f'{source}:{line}',
            )
        return default

    return _ENVIRONMENT.sub(value, text), used


def _without_comments(text: str, suffix: str) -> str:
    """The text with ``{{`` and ``}}`` in comments made blanks: nothing is looked up.

    A docstring is a comment too.
    """
    if '{{' not in text:
        return text
    if suffix == '.py':
        text = _without_docstrings(text)
        spans = _python_comments(text)
    elif suffix in ('.yaml', '.yml'):
        spans = _yaml_comments(text)
    else:  # JSON has none
        return text
    lines = text.split('\n')
    for row, column in spans:
        line = lines[row]
        lines[row] = line[:column] + _blank(line[column:])
    return '\n'.join(lines)


def _blank(text: str) -> str:
    return text.replace('{{', '  ').replace('}}', '  ')


def _without_docstrings(text: str) -> str:
    """The text of a Python file, with blanks where strings alone have braces."""
    try:
        # Of one length, so that places stay.
        tree = ast.parse(_ANY.sub(lambda m: '0' * len(m[0]), text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    lines = text.split('\n')
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            for row in range(value.lineno - 1, value.end_lineno):
                begin = value.col_offset if row == value.lineno - 1 else 0
                lines[row] = lines[row][:begin] + _blank(lines[row][begin:])
    return '\n'.join(lines)


def _python_comments(text: str) -> list[tuple[int, int]]:
    """Row and column of each comment; what is no Python is left to the parser."""
    found = []
    parsable = _ANY.sub(lambda m: 'x' * len(m[0]), text)
    try:
        for token in tokenize.generate_tokens(io.StringIO(parsable).readline):
            if token.type == tokenize.COMMENT:
                found.append((token.start[0] - 1, token.start[1]))
    except (tokenize.TokenError, SyntaxError):
        pass  # those before it are known
    return found


def _yaml_comments(text: str) -> list[tuple[int, int]]:
    """Row and column of each comment: a ``#`` at the start or after a blank."""
    found = []
    blocks = _yaml_blocks(text)
    for row, line in enumerate(text.split('\n')):
        match = _YAML_COMMENT.match(line)
        if match and row not in blocks:
            found.append((row, match.end() - 1))
    return found


def _yaml_blocks(text: str) -> set[int]:
    """The rows of texts of several lines, in which a ``#`` is one as any sign."""
    import yaml

    rows: set[int] = set()
    try:
        for token in yaml.scan(_ANY.sub(lambda m: 'x' * len(m[0]), text)):
            if isinstance(token, yaml.ScalarToken):
                rows.update(range(token.start_mark.line + 1, token.end_mark.line))
    except (yaml.YAMLError, RecursionError):
        pass  # those before it are known
    return rows


def masked(text: str) -> str:
    """The text as something that parses, a mark instead of every ``{{_base_.x}}``.

    Example:
        >>> masked("size = {{_base_.size}}; name = 'run-{{_base_.name}}'")
        "size = __base_value_0__; name = 'run-__base_value_1__'"
    """
    number = count()
    text = _ENVIRONMENT.sub('0', text)
    return _BASE.sub(lambda m: _mark(next(number)), text)


def _mark(number: int) -> str:
    return f'__base_value_{number}__'


def base_names(text: str) -> set[str]:
    """The keys of the base files that a text refers to by ``{{_base_.x}}``."""
    return {path.partition('.')[0] for path in _BASE.findall(text)}


def base_values(text: str, bases: Mapping[str, Any], source: str) -> dict[str, Any]:
    """What each mark of a masked text stands for.

    Raises:
        ConfigError: if the base files have no such key.
    """
    values = {}
    for number, match in enumerate(_BASE.finditer(text)):
        value: Any = bases
        for key in match[1].split('.'):
            try:
                value = value[int(key) if isinstance(value, (list, tuple)) else key]
            except (KeyError, ValueError, IndexError, TypeError):
                line = text.count('\n', 0, match.start()) + 1
                message = f'{match[0]}: {absent_in_base(key, value)}'
                raise ConfigError(message, f'{source}:{line}') from None
        values[_mark(number)] = value
    return values


def absent_in_base(key: Any, value: Any) -> str:
    """That base files have no such key, and which one was meant.

    Args:
        key: The key, or place in a list.
        value: Where it was looked for.

    Example:
        >>> absent_in_base('img_sise', dict(img_size=32))
        "the base files have no 'img_sise' there; did you mean 'img_size'?"
    """
    if isinstance(value, Mapping):
        names = list(map(str, value))
        there = f'; there are {", ".join(names)}' if names else '; there is nothing'
        hint = did_you_mean(key, names) or there
    elif isinstance(value, (list, tuple)):
        hint = f', in a list of {len(value)}'
    else:
        hint = f', in {value_name(value)}'
    return f'the base files have no {key!r} there{hint}'


def fill(value: Any, values: Mapping[str, Any]) -> Any:
    """Put the values of the base files where their marks stand.

    A string that is a mark alone becomes the value itself; into longer ones
    its text is inserted.

    Example:
        >>> fill(['__base_value_0__', 'run-__base_value_0__'], {'__base_value_0__': 3})
        [3, 'run-3']
    """
    if isinstance(value, str):
        return values[value] if value in values else _inserted(value, values)
    if isinstance(value, dict):
        kind = ConfigDict if isinstance(value, ConfigDict) else dict
        return kind({_inserted(k, values): fill(v, values) for k, v in value.items()})
    if isinstance(value, (list, tuple)):
        kind = tuple if isinstance(value, tuple) else list
        return kind([fill(item, values) for item in value])
    return value


def _inserted(text: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(text, str):
        return text
    return MARK.sub(lambda m: str(values.get(m[0], m[0])), text)
