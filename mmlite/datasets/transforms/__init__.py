"""The steps of a pipeline: one sample in, one sample out."""

from .base import BaseTransform, rng_of
from .color import ColorJitter, Normalize, RandomGrayscale
from .compose import Compose, TestTimeAug
from .cropping import CenterCrop, RandomCrop, RandomResizedCrop
from .erasing import RandomErasing
from .flipping import RandomFlip
from .formatting import PackInputs
from .loading import LoadImageFromFile
from .resizing import Pad, Resize, ResizeEdge

__all__ = [
    'BaseTransform',
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
    'TestTimeAug',
    'rng_of',
]
