"""The wholes that learn without labels."""

from .base import BaseSelfSupervisor, BaseSelfSupvisor

__all__ = [
    'BaseSelfSupervisor',
    'BaseSelfSupvisor',
]
