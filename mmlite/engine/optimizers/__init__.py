"""Optimizers and what wraps them."""

from .amp import AmpOptimWrapper, amp_supported
from .optim_wrapper import OptimWrapper
from .torch_optimizers import register_aliases

register_aliases()

__all__ = ['AmpOptimWrapper', 'OptimWrapper', 'amp_supported']
