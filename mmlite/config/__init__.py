"""Read a config, change it, check it, and explain what is wrong with it."""

from .backends import backend_problems
from .checking import check, check_config, check_phases
from .dumping import config_text, plain_config, write_config
from .editing import apply_overrides
from .loading import load_config
from .overrides import OverrideAction
from .saved_text import config_of_text
from .values import parse_value

__all__ = [
    'OverrideAction',
    'apply_overrides',
    'backend_problems',
    'check',
    'check_config',
    'check_phases',
    'config_of_text',
    'config_text',
    'load_config',
    'parse_value',
    'plain_config',
    'write_config',
]
