"""Loops: the order in which training, validation and testing happen."""

from .epoch_batches import batches_from, endless_batches, set_seed
from .evaluate import TestLoop, ValLoop
from .retrieval import RetrievalTestLoop, RetrievalValLoop
from .train import EpochBasedTrainLoop, IterBasedTrainLoop, TrainLoop

__all__ = [
    'EpochBasedTrainLoop',
    'IterBasedTrainLoop',
    'RetrievalTestLoop',
    'RetrievalValLoop',
    'TestLoop',
    'TrainLoop',
    'ValLoop',
    'batches_from',
    'endless_batches',
    'set_seed',
]
