"""How good predictions are: pure maths, and the metrics that apply it."""

from .evaluator import Evaluator
from .metrics import (
    Accuracy,
    AveragePrecision,
    ConfusionMatrix,
    CrossViewRank,
    CrossViewRetrieval,
    GaitRetrieval,
    MultiLabelMetric,
    MultiTasksMetric,
    RowMetric,
    SampleMetric,
    SingleLabelMetric,
    VOCAveragePrecision,
    VOCMultiLabelMetric,
)

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'ConfusionMatrix',
    'CrossViewRank',
    'CrossViewRetrieval',
    'Evaluator',
    'GaitRetrieval',
    'MultiLabelMetric',
    'MultiTasksMetric',
    'RowMetric',
    'SampleMetric',
    'SingleLabelMetric',
    'VOCAveragePrecision',
    'VOCMultiLabelMetric',
]
