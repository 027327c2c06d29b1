"""Round channel counts."""

from __future__ import annotations

__all__ = ['make_divisible']


def make_divisible(
    value: float, divisor: int, min_value: int | None = None, min_ratio: float = 0.9
) -> int:
    """Round a number of channels to the nearest multiple of a divisor.

    Args:
        value: The number wanted.
        divisor: What the result is a multiple of.
        min_value: Lower bound of the result; ``None`` is ``divisor``.
        min_ratio: The result is never smaller than this part of ``value``.

    Example:
        >>> make_divisible(36, 8), make_divisible(33, 8), make_divisible(10, 8)
        (40, 32, 16)
    """
    nearest = int(value + divisor / 2) // divisor * divisor
    rounded = max(divisor if min_value is None else min_value, nearest)
    return rounded if rounded >= min_ratio * value else rounded + divisor
