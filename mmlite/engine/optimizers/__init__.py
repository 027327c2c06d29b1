"""Optimizers and what wraps them."""

from .adan import Adan
from .amp import AmpOptimWrapper, amp_supported
from .chained_optimizer import ChainedOptimizer
from .constructor import DefaultOptimWrapperConstructor
from .fused import fused_by_default
from .lamb import Lamb
from .lars import LARS
from .layer_decay_constructor import LearningRateDecayOptimWrapperConstructor
from .muon import Muon, newton_schulz
from .muon_constructor import MuonOptimWrapperConstructor
from .optim_wrapper import OptimWrapper
from .torch_optimizers import register_aliases

register_aliases()

__all__ = [
    'LARS',
    'Adan',
    'AmpOptimWrapper',
    'ChainedOptimizer',
    'DefaultOptimWrapperConstructor',
    'Lamb',
    'LearningRateDecayOptimWrapperConstructor',
    'Muon',
    'MuonOptimWrapperConstructor',
    'OptimWrapper',
    'amp_supported',
    'fused_by_default',
    'newton_schulz',
]
