"""Read a config, change it, check it, and explain what is wrong with it."""

from .advice import advise_custom_keys, is_for_training
from .backends import add_backends, backend_problems
from .checking import Findings, check, check_config, examine
from .completing import complete_counts, completed, tests_as_it_validates
from .data import dataset_of, loaders_in
from .differences import Difference, differences, flattened
from .dumping import config_text, plain_config, source_text, write_config
from .editing import apply_overrides
from .encoders import encoder_of
from .fitting import misnamed_schedules, value_at
from .image_sizes import has_one_size, input_size_of
from .imports import with_import_folders
from .loading import base_of, load_config
from .moved import find_moved_lists
from .one_cycle import advise_one_cycle, check_one_cycle
from .overrides import OverrideAction
from .phases import check_phases, missing_sections, settle_phases
from .saved_text import config_of_text
from .values import parse_value
from .warm_up import advise_warm_up

__all__ = [
    'Difference',
    'Findings',
    'OverrideAction',
    'add_backends',
    'advise_custom_keys',
    'advise_one_cycle',
    'advise_warm_up',
    'apply_overrides',
    'backend_problems',
    'base_of',
    'check',
    'check_config',
    'check_one_cycle',
    'check_phases',
    'complete_counts',
    'completed',
    'config_of_text',
    'config_text',
    'dataset_of',
    'differences',
    'encoder_of',
    'examine',
    'find_moved_lists',
    'flattened',
    'has_one_size',
    'input_size_of',
    'is_for_training',
    'load_config',
    'loaders_in',
    'misnamed_schedules',
    'missing_sections',
    'parse_value',
    'plain_config',
    'settle_phases',
    'source_text',
    'tests_as_it_validates',
    'value_at',
    'with_import_folders',
    'write_config',
]
