"""Read a config, change it, check it, and explain what is wrong with it."""

from .advice import advise_custom_keys
from .checking import Findings, check, check_config, check_phases, examine
from .data import loaders_in
from .editing import apply_overrides
from .loading import load_config
from .overrides import OverrideAction
from .values import parse_value

__all__ = [
    'Findings',
    'OverrideAction',
    'advise_custom_keys',
    'apply_overrides',
    'check',
    'check_config',
    'check_phases',
    'examine',
    'load_config',
    'loaders_in',
    'parse_value',
]
