"""What travels between rooms."""

from .batch import check_labels, gather_field, move_field, scatter_field
from .data_sample import DataSample
from .feature_spec import FeatureSpec

__all__ = [
    'DataSample',
    'FeatureSpec',
    'check_labels',
    'gather_field',
    'move_field',
    'scatter_field',
]
