"""The models and their parts; looking one up in MODELS imports this package."""

from . import (
    backbones,
    classifiers,
    data_preprocessors,
    detectors,
    extractors,
    gait,
    heads,
    initializing,  # noqa: F401  which enters a reader of weights
    layers,
    losses,
    necks,
    retrievers,
    selfsup,
    stereo,
    target_generators,
    task_utils,
)
from .base import BaseModel

__all__ = [
    'BaseModel',
    'backbones',
    'classifiers',
    'data_preprocessors',
    'detectors',
    'extractors',
    'gait',
    'heads',
    'layers',
    'losses',
    'necks',
    'retrievers',
    'selfsup',
    'stereo',
    'target_generators',
    'task_utils',
]
