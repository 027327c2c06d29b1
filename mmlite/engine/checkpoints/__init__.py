"""Checkpoints: read without executing, matched to a model, written whole."""

from .background import BackgroundWriter
from .matching import LoadReport, load_state, unwrapped
from .pretrained import PretrainedInit
from .reader import check_source, load_checkpoint
from .writer import plain, save_checkpoint, write_atomically

__all__ = [
    'BackgroundWriter',
    'LoadReport',
    'PretrainedInit',
    'check_source',
    'load_checkpoint',
    'load_state',
    'plain',
    'save_checkpoint',
    'unwrapped',
    'write_atomically',
]
