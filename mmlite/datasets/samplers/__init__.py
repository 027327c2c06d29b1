"""Which samples come when, in which process."""

from .base import SeededSampler
from .default import DefaultSampler
from .infinite import InfiniteSampler
from .weighted import WeightedRandomSampler

__all__ = [
    'DefaultSampler',
    'InfiniteSampler',
    'SeededSampler',
    'WeightedRandomSampler',
]
