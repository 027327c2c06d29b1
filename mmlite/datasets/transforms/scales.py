"""Sizes and factors to resize to, as users state them."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

__all__ = ['as_factors', 'as_scale', 'as_scales', 'is_edge', 'is_size']


def is_edge(value: Any) -> bool:
    """Whether a value is a number of pixels, 1 or more."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0


def is_size(value: Any) -> bool:
    """Whether a value is ``(width, height)`` in pixels."""
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    return pair and all(map(is_edge, value))


def as_scale(value: Any, name: str = 'scale') -> tuple[int, int]:
    """The width and the height of a scale.

    Args:
        value: ``(width, height)``, or the edge of a square.
        name: The argument that it stands in.

    Raises:
        ValueError: if it is neither.

    Example:
        >>> as_scale(8), as_scale([8, 4])
        ((8, 8), (8, 4))
    """
    if is_edge(value):
        return int(value), int(value)
    if not is_size(value):
        raise ValueError(
            f'{name} must be (width, height) in pixels, or the edge of a square; each '
            f'an integer of at least 1, got {value!r}'
        )
    return int(value[0]), int(value[1])


def as_scales(value: Any, name: str = 'scales') -> list[tuple[int, int]]:
    """The sizes of an argument that may state several.

    Args:
        value: A scale or a list of scales, as in mmcv: ``(8, 4)`` is one size, and
            ``[8, 4]`` are two squares.
        name: The argument.

    Raises:
        ValueError: if it has none, or an entry is no scale.

    Example:
        >>> as_scales((8, 4)), as_scales([8, 4])
        ([(8, 4)], [(8, 8), (4, 4)])
    """
    # A tuple of sizes can be nothing else than several.
    nested = isinstance(value, tuple) and any(
        isinstance(entry, (list, tuple)) for entry in value
    )
    if not (isinstance(value, list) or nested):
        return [as_scale(value, name)]
    if not value:
        raise ValueError(f'{name} must have at least one size, got none')
    return [as_scale(entry, f'{name}[{i}]') for i, entry in enumerate(value)]


def as_factors(value: Any, name: str = 'scale_factor') -> tuple[float, float]:
    """The factors on the width and on the height.

    Args:
        value: One factor for both, or a factor for each.
        name: The argument that it stands in.

    Raises:
        ValueError: if it is neither.
    """
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    factors = tuple(value) if pair else (value, value)
    if not all(map(_is_factor, factors)):
        raise ValueError(
            f'{name} must be a factor on both sides, or (factor on the width, factor '
            f'on the height); each finite and above 0, got {value!r}'
        )
    return factors


def _is_factor(value: Any) -> bool:
    number = isinstance(value, Real) and not isinstance(value, bool)
    return number and 0 < value < math.inf
