"""What travels between rooms."""

from .data_sample import DataSample
from .feature_spec import FeatureSpec

__all__ = ['DataSample', 'FeatureSpec']
