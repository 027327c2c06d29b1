"""Pure functions of tensors."""

from .gather import gather

__all__ = ['gather']
