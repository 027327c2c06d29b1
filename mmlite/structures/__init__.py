"""What travels between rooms."""

from .batch import (
    check_labels,
    defer_field,
    field_names,
    gather_field,
    has_field,
    move_field,
    packed_field,
    scatter_field,
)
from .data_sample import DataSample, format_label
from .feature_spec import FeatureSpec
from .sample_batch import SampleBatch, Taken

__all__ = [
    'DataSample',
    'FeatureSpec',
    'SampleBatch',
    'Taken',
    'check_labels',
    'defer_field',
    'field_names',
    'format_label',
    'gather_field',
    'has_field',
    'move_field',
    'packed_field',
    'scatter_field',
]
