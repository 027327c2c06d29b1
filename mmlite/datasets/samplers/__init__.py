"""Which samples come when, in which process."""

from .base import Chunk, SeededSampler
from .default import DefaultSampler
from .infinite import InfiniteSampler
from .weighted import WeightedRandomSampler

__all__ = [
    'Chunk',
    'DefaultSampler',
    'InfiniteSampler',
    'SeededSampler',
    'WeightedRandomSampler',
]
