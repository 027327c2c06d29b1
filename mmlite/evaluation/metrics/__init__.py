"""Metrics: what a data loader's predictions are judged by."""

from .accuracy import Accuracy
from .base import RowMetric
from .confusion_matrix import ConfusionMatrix
<<<<<<< HEAD
from .disparity import DisparityMetric
=======
from .cross_view import CrossViewRank, CrossViewRetrieval
from .gait_retrieval import GaitRetrieval
>>>>>>> main
from .multi_label import AveragePrecision, MultiLabelMetric
from .sample_metric import SampleMetric
from .single_label import SingleLabelMetric

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'ConfusionMatrix',
<<<<<<< HEAD
    'DisparityMetric',
=======
    'CrossViewRank',
    'CrossViewRetrieval',
    'GaitRetrieval',
>>>>>>> main
    'MultiLabelMetric',
    'RowMetric',
    'SampleMetric',
    'SingleLabelMetric',
]
