"""Which samples come when, in which process."""

from .aspect_ratio import AspectRatioBatchSampler
from .base import Chunk, SeededSampler
from .batches import SeededBatchSampler, StartableBatches
from .default import DefaultSampler
from .identities import PKSampler
from .infinite import InfiniteSampler
from .repeat_aug import RepeatAugSampler
from .sequential import SequentialSampler
from .weighted import WeightedRandomSampler

__all__ = [
    'AspectRatioBatchSampler',
    'Chunk',
    'DefaultSampler',
    'InfiniteSampler',
    'PKSampler',
    'RepeatAugSampler',
    'SeededBatchSampler',
    'SeededSampler',
    'SequentialSampler',
    'StartableBatches',
    'WeightedRandomSampler',
]
