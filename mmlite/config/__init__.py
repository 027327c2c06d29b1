"""Read a config, change it, check it, and explain what is wrong with it."""

from .advice import advise_custom_keys
from .backends import backend_problems
from .checking import Findings, check, check_config, examine
from .data import loaders_in
from .differences import Difference, differences, flattened
from .dumping import config_text, plain_config, write_config
from .editing import apply_overrides
from .loading import base_of, load_config
from .overrides import OverrideAction
from .phases import check_phases, settle_phases
from .saved_text import config_of_text
from .values import parse_value

__all__ = [
    'Difference',
    'Findings',
    'OverrideAction',
    'advise_custom_keys',
    'apply_overrides',
    'backend_problems',
    'base_of',
    'check',
    'check_config',
    'check_phases',
    'config_of_text',
    'config_text',
    'differences',
    'examine',
    'flattened',
    'load_config',
    'loaders_in',
    'parse_value',
    'plain_config',
    'settle_phases',
    'write_config',
]
