"""The mean and the standard deviation with which images are normalised."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ['check_statistics']

#: The numbers of float32, of which others become 0 or infinite.
_LEAST_STD, _LARGEST_STD = 1e-30, 1e30


def check_statistics(
    mean: Sequence[float],
    std: Sequence[float],
    mean_name: str = 'mean',
    std_name: str = 'std',
) -> None:
    """Check that images can be normalised with a mean and a standard deviation.

    Args:
        mean: Of each channel.
        std: Likewise.
        mean_name: What the first is called.
        std_name: What the second is called.

    Raises:
        ValueError: if they are of different lengths or empty, or hold what no image
            can be normalised with.

    Example:
        >>> check_statistics([0.0], [0.0])
        Traceback (most recent call last):
        ValueError: std holds finite numbers above 0, by which images are divided, ...
    """
    if len(mean) != len(std) or not len(mean):
        raise ValueError(
            f'{mean_name} and {std_name} have one value per channel each, got {mean} '
            f'and {std}'
        )
    if not all(map(math.isfinite, mean)):
        raise ValueError(f'{mean_name} holds finite numbers, got {mean}')
    if not all(_LEAST_STD <= value <= _LARGEST_STD for value in std):
        raise ValueError(
            f'{std_name} holds finite numbers above 0, by which images are divided, '
            f'got {std}'
        )
