"""Where two configs differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .dumping import plain_value

__all__ = ['Difference', 'differences', 'flattened']


class Difference(NamedTuple):
    """An entry that two configs do not share.

    Args:
        path: Where it is, e.g. ``'model.backbone.depth'``.
        before: As the first one has it, as Python code; empty if it has none.
        after: As the second one has it; empty if it has none.
    """

    path: str
    before: str
    after: str


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Difference]:
    """The entries that two configs do not share, in the order of the second.

    What has taken the place of a whole dict is one entry.

    Args:
        before: A config.
        after: Another one.

    Example:
        >>> differences(dict(a=1, b=dict(c=2, d=3)), dict(a=1, b=dict(c=4), e=5))
        [Difference(path='b.c', before='2', after='4'),
         Difference(path='e', before='', after='5'),
         Difference(path='b.d', before='3', after='')]
    """
    old, new = flattened(before), flattened(after)
    gone = {path for path in old if path not in new}
    within: dict[str, str] = {}  # what has taken the place of a whole dict
    for path in sorted(gone):
        parts = path.split('.')
        outer = ['.'.join(parts[:end]) for end in range(1, len(parts))]
        for place in outer:
            if place in new:
                within[place] = '{...}'
                gone.discard(path)
    return [
        Difference(path, old.get(path, within.get(path, '')), new.get(path, ''))
        for path in [*new, *(path for path in old if path in gone)]
        if old.get(path) != new.get(path)
    ]


def flattened(cfg: Mapping[str, Any]) -> dict[str, str]:
    """Every entry of a config that is no dict or list itself, as Python code.

    Args:
        cfg: A config.

    Example:
        >>> flattened(dict(model=dict(depth=18), steps=[dict(type='Flip'), 3]))
        {'model.depth': '18', 'steps.0.type': "'Flip'", 'steps.1': '3'}
    """
    found: dict[str, str] = {}
    _collect(plain_value(dict(cfg)), '', found)
    return found


def _collect(node: Any, path: str, found: dict[str, str]) -> None:
    of_parts = isinstance(node, (list, tuple)) and any(
        isinstance(each, Mapping) for each in node
    )
    if of_parts:
        node = dict(enumerate(node))
    if not isinstance(node, Mapping) or not node:
        found[path] = repr(node)
        return
    for key, value in node.items():
        _collect(value, f'{path}.{key}' if path else str(key), found)
