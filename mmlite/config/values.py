"""What the text behind ``KEY=`` on the command line means, and numbers of NumPy."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from mmengine.config import ConfigDict

__all__ = ['parse_value', 'python_numbers']

_WORDS = {'true': True, 'false': False, 'none': None, 'null': None}
_NUMBER = re.compile(r'[+-]?(inf|nan)', re.IGNORECASE)
_PAIRS = {'(': ')', '[': ']', '{': '}'}
_OPENERS = tuple(_PAIRS)


def parse_value(text: str) -> Any:
    """A Python value from the text that a user typed.

    ========================  ==================================================
    text                      value
    ========================  ==================================================
    ``3``, ``1e-3``, ``inf``  a number
    ``true``, ``None``        ``True``, ``None``; case does not matter
    ``hello world``           the string, blanks included; quotes are optional
    ``"1"``                   a string, whatever stands in the quotes
    ``[a, 1]``, ``(a, 1)``    a list, a tuple
    ``a,1``                   a list, as mmengine reads it
    ``{a: 1}, dict(a=1)``     a dict
    ========================  ==================================================

    Raises:
        ValueError: if a bracket or a quote is not closed.

    Example:
        >>> parse_value('dict(type=SGD, betas=(0.9, 0.999))')
        {'type': 'SGD', 'betas': (0.9, 0.999)}
    """
    text = text.strip()
    parts = list(_split(text, ','))
    if len(parts) > 1:
        return [parse_value(part) for part in _items(parts)]
    if text.startswith('dict(') and _closes(text, len('dict')):
        return _mapping(text[len('dict(') : -1], '=')
    if text.startswith(_OPENERS) and _closes(text, 0):
        return _bracket(text)
    return _scalar(text)


def python_numbers(value: Any) -> Any:
    """The same with Python's numbers for NumPy's, which torch takes for none.

    Example:
        >>> python_numbers(dict(batch_size=np.int64(4), sizes=(np.float32(0.5), 'x')))
        {'batch_size': 4, 'sizes': (0.5, 'x')}
    """
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (dict, ConfigDict):
        return type(value)({k: python_numbers(v) for k, v in value.items()})
    if type(value) in (list, tuple):
        return type(value)(map(python_numbers, value))
    return value


def _scalar(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, (int, float, str)) else text


def _bracket(text: str) -> Any:
    opener, inside = text[0], text[1:-1]
    if opener == '{':
        return _mapping(inside, ':')
    values = [parse_value(part) for part in _items(list(_split(inside, ',')))]
    return values if opener == '[' else tuple(values)


def _mapping(inside: str, sign: str) -> dict[Any, Any]:
    items = {}
    for part in _items(list(_split(inside, ','))):
        key, *value = _split(part, sign, once=True)
        if not value:
            raise ValueError(f'expected KEY{sign}VALUE in a dict, got {part.strip()!r}')
        items[_scalar(key.strip())] = parse_value(value[0])
    return items


def _items(parts: list[str]) -> list[str]:
    """Without the empty end that a trailing comma leaves."""
    return parts if parts[-1].strip() else parts[:-1]


def _closes(text: str, start: int) -> bool:
    """Whether the bracket at ``start`` is closed by the last character."""
    for i, depth in _depths(text[start:]):
        if depth == 0:
            return i == len(text) - start - 1
    raise ValueError(f'the bracket {text[start]!r} is not closed in {text!r}')


def _split(text: str, sign: str, once: bool = False) -> Iterator[str]:
    """Cut at every ``sign`` that stands outside brackets and quotes."""
    start = 0
    for i, depth in _depths(text):
        if depth == 0 and text[i] == sign:
            yield text[start:i]
            start = i + 1
            if once:
                break
    yield text[start:]


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Every character outside quotes, with the number of brackets around it.

    A quote or a bracket counts only where a value can begin, so that
    ``don't, won't`` and ``epoch_{}.pth`` are plain text; inside brackets every
    bracket counts.
    """
    closers: list[str] = []
    i, begins = 0, True
    while i < len(text):
        char = text[i]
        if begins and char in '\'"':
            i = _end_of_string(text, i)
            begins = False
            yield i, len(closers)
        else:
            if char in _PAIRS and (begins or closers or text[:i].endswith('dict')):
                closers.append(_PAIRS[char])
            elif closers and char == closers[-1]:
                closers.pop()
            begins = char in ',([{:=' or (begins and char.isspace())
            yield i, len(closers)
        i += 1


def _end_of_string(text: str, start: int) -> int:
    end = start + 1
    while end < len(text) and text[end] != text[start]:
        end += 2 if text[end] == '\\' else 1
    if end >= len(text):
        raise ValueError(f'the quote {text[start]} is not closed in {text!r}')
    return end
