"""Checkpoints: read without executing, matched to a model, written whole."""

from ...structures.key_maps import KEY_MAPS, KeyMap, convert_keys, register_key_map
from .background import BackgroundWriter
from .choosing import choose_key_map
from .matching import LoadReport, load_state, unwrapped
from .pretrained import PretrainedInit
from .reader import check_source, load_checkpoint
from .writer import plain, save_checkpoint, write_weights_file

__all__ = [
    'KEY_MAPS',
    'BackgroundWriter',
    'KeyMap',
    'LoadReport',
    'PretrainedInit',
    'check_source',
    'choose_key_map',
    'convert_keys',
    'load_checkpoint',
    'load_state',
    'plain',
    'register_key_map',
    'save_checkpoint',
    'unwrapped',
    'write_weights_file',
]
