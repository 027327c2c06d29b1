"""How good predictions are: pure maths, and the metrics that apply it."""

from .evaluator import Evaluator
from .metrics import (
    Accuracy,
    AveragePrecision,
    ConfusionMatrix,
<<<<<<< HEAD
    DisparityMetric,
=======
    CrossViewRank,
    CrossViewRetrieval,
    GaitRetrieval,
>>>>>>> main
    MultiLabelMetric,
    RowMetric,
    SampleMetric,
    SingleLabelMetric,
)

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'ConfusionMatrix',
<<<<<<< HEAD
    'DisparityMetric',
=======
    'CrossViewRank',
    'CrossViewRetrieval',
>>>>>>> main
    'Evaluator',
    'GaitRetrieval',
    'MultiLabelMetric',
    'RowMetric',
    'SampleMetric',
    'SingleLabelMetric',
]
