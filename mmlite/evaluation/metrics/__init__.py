"""Metrics: what a data loader's predictions are judged by."""

from .accuracy import Accuracy
from .base import RowMetric
from .confusion_matrix import ConfusionMatrix
from .disparity import DisparityMetric
from .multi_label import AveragePrecision, MultiLabelMetric
from .sample_metric import SampleMetric
from .single_label import SingleLabelMetric

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'ConfusionMatrix',
    'DisparityMetric',
    'MultiLabelMetric',
    'RowMetric',
    'SampleMetric',
    'SingleLabelMetric',
]
