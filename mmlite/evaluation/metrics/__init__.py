"""Metrics: what a data loader's predictions are judged by."""

from .accuracy import Accuracy
from .base import RowMetric
from .confusion_matrix import ConfusionMatrix
from .cross_view import CrossViewRank, CrossViewRetrieval
from .gait_retrieval import GaitRetrieval
from .multi_label import AveragePrecision, MultiLabelMetric
from .multi_task import MultiTasksMetric
from .sample_metric import SampleMetric
from .single_label import SingleLabelMetric
from .voc_multi_label import VOCAveragePrecision, VOCMultiLabelMetric

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'ConfusionMatrix',
    'CrossViewRank',
    'CrossViewRetrieval',
    'GaitRetrieval',
    'MultiLabelMetric',
    'MultiTasksMetric',
    'RowMetric',
    'SampleMetric',
    'SingleLabelMetric',
    'VOCAveragePrecision',
    'VOCMultiLabelMetric',
]
