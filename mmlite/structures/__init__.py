"""Data containers shared by all packages."""

from .class_lists import class_mapping, in_names_of
from .columns import Taken
from .data_sample import DataSample, MultiLabelDataSample, format_label
from .feature_spec import FeatureSpec
from .field_kinds import is_stacked, register_kind
from .fields import (
    check_labels,
    defer_field,
    field_names,
    gather_field,
    has_field,
    has_meta,
    meta_values,
    move_field,
    packed_field,
    scatter_field,
    set_meta,
)
from .multi_task_data_sample import MultiTaskDataSample
from .objects import Objects
from .ragged import Ragged
from .sample_batch import SampleBatch

__all__ = [
    'DataSample',
    'FeatureSpec',
    'MultiLabelDataSample',
    'MultiTaskDataSample',
    'Objects',
    'Ragged',
    'SampleBatch',
    'Taken',
    'check_labels',
    'class_mapping',
    'defer_field',
    'field_names',
    'format_label',
    'gather_field',
    'has_field',
    'has_meta',
    'in_names_of',
    'is_stacked',
    'meta_values',
    'move_field',
    'packed_field',
    'register_kind',
    'scatter_field',
    'set_meta',
]
