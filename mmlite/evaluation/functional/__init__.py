"""The maths of the metrics: tensors in, tensors out."""

from .accuracy import accuracy, topk_hits
from .average_precision import average_precision
from .confusion_matrix import confusion_matrix
from .inputs import one_hot
from .precision_recall import (
    ClassCounts,
    PrecisionRecall,
    best_labels,
    count_labels,
    count_positives,
    positives,
    precision_recall_f1,
    single_label_scores,
)

__all__ = [
    'ClassCounts',
    'PrecisionRecall',
    'accuracy',
    'average_precision',
    'best_labels',
    'confusion_matrix',
    'count_labels',
    'count_positives',
    'one_hot',
    'positives',
    'precision_recall_f1',
    'single_label_scores',
    'topk_hits',
]
