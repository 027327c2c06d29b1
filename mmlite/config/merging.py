"""Merge a config into the one that it inherits from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import ConfigDict

from ..errors import ConfigError, Problem
from ..signature import value_name

__all__ = ['DELETE', 'MISSPELT_DELETE', 'merge']

DELETE = '_delete_'
#: As published configs have it, where it does nothing.
MISSPELT_DELETE = '_delete'


def merge(
    child: Mapping[str, Any], base: Mapping[str, Any], keys: tuple[str, ...] = ()
) -> ConfigDict:
    """A new dict: dicts of the child merged into those of the base, all else replaced.

    Raises:
        ConfigError: if the base has no dict where the child has one.

    Example:
        >>> merge(dict(a=dict(x=1)), dict(a=dict(x=0, y=2)))
        {'a': {'x': 1, 'y': 2}}
        >>> merge(dict(a=dict(x=1, _delete_=True)), dict(a=dict(x=0, y=2)))
        {'a': {'x': 1}}
    """
    merged = ConfigDict(base)
    for key, value in child.items():
        below = merged.get(key)
        if not isinstance(value, dict):
            merged[key] = value
        elif value.get(DELETE) or below is None:
            merged[key] = merge({k: v for k, v in value.items() if k != DELETE}, {})
        elif isinstance(below, dict):
            merged[key] = merge(value, below, (*keys, key))
        else:
            raise ConfigError(
                [
                    Problem(
                        '.'.join((*keys, key)),
                        f'a dict cannot be merged into {value_name(below)} of the base '
                        f'file; write {DELETE}=True into it to replace that',
                    )
                ]
            )
    return merged
