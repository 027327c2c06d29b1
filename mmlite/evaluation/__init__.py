"""How good predictions are: pure maths, and the metrics that apply it."""

from .evaluator import Evaluator
from .metrics import (
    Accuracy,
    AveragePrecision,
    BoxMetric,
    CocoMetric,
    ConfusionMatrix,
    CrossViewRank,
    CrossViewRetrieval,
    DisparityMetric,
    GaitRetrieval,
    KNNAccuracy,
    MultiLabelMetric,
    RetrievalAveragePrecision,
    RetrievalRecall,
    RowMetric,
    SampleMetric,
    SingleLabelMetric,
    VOCMetric,
)

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'BoxMetric',
    'CocoMetric',
    'ConfusionMatrix',
    'CrossViewRank',
    'CrossViewRetrieval',
    'DisparityMetric',
    'Evaluator',
    'GaitRetrieval',
    'KNNAccuracy',
    'MultiLabelMetric',
    'RetrievalAveragePrecision',
    'RetrievalRecall',
    'RowMetric',
    'SampleMetric',
    'SingleLabelMetric',
    'VOCMetric',
]
