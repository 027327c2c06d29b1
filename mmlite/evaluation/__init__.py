"""How good predictions are: pure maths, and the metrics that apply it."""

from .evaluator import Evaluator
from .metrics import (
    Accuracy,
    AveragePrecision,
    ConfusionMatrix,
    DisparityMetric,
    MultiLabelMetric,
    RowMetric,
    SampleMetric,
    SingleLabelMetric,
)

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'ConfusionMatrix',
    'DisparityMetric',
    'Evaluator',
    'MultiLabelMetric',
    'RowMetric',
    'SampleMetric',
    'SingleLabelMetric',
]
