"""Metrics: what a data loader's predictions are judged by."""

from .accuracy import Accuracy
from .base import RowMetric
from .coco_metric import CocoMetric
from .confusion_matrix import ConfusionMatrix
from .cross_view import CrossViewRank, CrossViewRetrieval
from .detection import BoxMetric
from .disparity import DisparityMetric
from .gait_retrieval import GaitRetrieval
from .multi_label import AveragePrecision, MultiLabelMetric
from .multi_task import MultiTasksMetric
from .neighbours import KNNAccuracy
from .retrieval import RetrievalAveragePrecision, RetrievalRecall
from .sample_metric import SampleMetric
from .shape_bias import ShapeBiasMetric
from .single_label import SingleLabelMetric
from .voc_metric import VOCMetric
from .voc_multi_label import VOCAveragePrecision, VOCMultiLabelMetric

__all__ = [
    'Accuracy',
    'AveragePrecision',
    'BoxMetric',
    'CocoMetric',
    'ConfusionMatrix',
    'CrossViewRank',
    'CrossViewRetrieval',
    'DisparityMetric',
    'GaitRetrieval',
    'KNNAccuracy',
    'MultiLabelMetric',
    'MultiTasksMetric',
    'RetrievalAveragePrecision',
    'RetrievalRecall',
    'RowMetric',
    'SampleMetric',
    'ShapeBiasMetric',
    'SingleLabelMetric',
    'VOCAveragePrecision',
    'VOCMetric',
    'VOCMultiLabelMetric',
]
