"""The steps of a pipeline: one sample in, one sample out."""

from .base import BaseTransform, rng_of
from .batch_transform import BatchTransform
from .color import ColorJitter, Normalize, RandomGrayscale
from .compose import Compose, TestTimeAug
from .cropping import BatchRandomCrop, CenterCrop, RandomCrop, RandomResizedCrop
from .erasing import BatchRandomErasing, RandomErasing
from .flipping import (
    AlternatingFlip,
    BatchAlternatingFlip,
    BatchRandomFlip,
    RandomFlip,
    is_turn,
)
from .formatting import PackInputs
from .loading import LoadImageFromFile
from .resizing import Pad, Resize, ResizeEdge
from .shifting import Shift

__all__ = [
    'AlternatingFlip',
    'BaseTransform',
    'BatchAlternatingFlip',
    'BatchRandomCrop',
    'BatchRandomErasing',
    'BatchRandomFlip',
    'BatchTransform',
    'CenterCrop',
    'ColorJitter',
    'Compose',
    'LoadImageFromFile',
    'Normalize',
    'PackInputs',
    'Pad',
    'RandomCrop',
    'RandomErasing',
    'RandomFlip',
    'RandomGrayscale',
    'RandomResizedCrop',
    'Resize',
    'ResizeEdge',
    'Shift',
    'TestTimeAug',
    'is_turn',
    'rng_of',
]
