"""Say where in the config an error belongs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ConfigError


@contextmanager
def at(*keys: str) -> Iterator[None]:
    """Put ``keys`` before the path of every config error inside.

    Example:
        >>> with at('train_dataloader', 'dataset'):
        ...     raise ConfigError('unknown type')
        Traceback (most recent call last):
        mmlite.errors.ConfigError: train_dataloader.dataset: unknown type
    """
    try:
        yield
    except ConfigError as error:
        if error.source is not None:
            raise
        raise ConfigError(error.under(*keys).problems) from error.__cause__
