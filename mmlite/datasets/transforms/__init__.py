"""The steps of a pipeline: one sample in, one sample out."""

from .annotations import LoadAnnotations
from .base import BaseTransform, SampleRandom, rng_of
from .batch_transform import BatchTransform, refuse_left_behind
from .color import ColorJitter, Normalize, RandomGrayscale
from .compose import Compose, MultiView, TestTimeAug
from .cropping import BatchRandomCrop, CenterCrop, RandomCrop, RandomResizedCrop
from .erasing import BatchRandomErasing, RandomErasing
from .fields import (
    BoxField,
    CompanionField,
    DisparityField,
    Field,
    FixedField,
    ImageField,
    MapField,
    SequenceField,
    ValidField,
    register_field,
)
from .flipping import (
    AlternatingFlip,
    BatchAlternatingFlip,
    BatchRandomFlip,
    RandomFlip,
    SwapFlip,
    is_turn,
)
from .formatting import PackInputs
from .loading import LoadImageFromFile
from .resizing import Pad, Resize, ResizeEdge
from .sequence_files import natural, read_grey, read_pictures
from .sequence_warps import RandomPerspective, RandomRotate
from .sequences import LoadSequence, SampleFrames, SilhouetteCut
from .shifting import Shift

__all__ = [
    'AlternatingFlip',
    'BaseTransform',
    'BatchAlternatingFlip',
    'BatchRandomCrop',
    'BatchRandomErasing',
    'BatchRandomFlip',
    'BatchTransform',
    'BoxField',
    'CenterCrop',
    'ColorJitter',
    'CompanionField',
    'Compose',
    'DisparityField',
    'Field',
    'FixedField',
    'ImageField',
    'LoadAnnotations',
    'LoadImageFromFile',
    'LoadSequence',
    'MapField',
    'MultiView',
    'Normalize',
    'PackInputs',
    'Pad',
    'RandomCrop',
    'RandomErasing',
    'RandomFlip',
    'RandomGrayscale',
    'RandomPerspective',
    'RandomResizedCrop',
    'RandomRotate',
    'Resize',
    'ResizeEdge',
    'SampleFrames',
    'SampleRandom',
    'SequenceField',
    'Shift',
    'SilhouetteCut',
    'SwapFlip',
    'TestTimeAug',
    'ValidField',
    'is_turn',
    'natural',
    'read_grey',
    'read_pictures',
    'refuse_left_behind',
    'register_field',
    'rng_of',
]
