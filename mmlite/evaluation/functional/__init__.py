"""The maths of the metrics: tensors in, tensors out."""

from .accuracy import accuracy, topk_hits
from .average_precision import average_precision
from .box_overlaps import Detections, Objects, overlaps
from .coco import CocoCurves, coco_curves
from .confusion_matrix import confusion_matrix
from .cross_view import CrossView, Sequences, cross_view_ranks, mean_without_same_view
from .inputs import one_hot
from .neighbours import few_labels, neighbour_labels, others_labels
from .part_distance import distance_chunks, part_distances
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
from .ranking import hits_of, ranked, ranking_precision, relevant
from .retrieval_ranks import Ranks, match_ranks
from .voc import voc_average_precision, voc_curve

__all__ = [
    'ClassCounts',
    'CocoCurves',
    'CrossView',
    'Detections',
    'Objects',
    'PrecisionRecall',
    'Ranks',
    'Sequences',
    'accuracy',
    'average_precision',
    'best_labels',
    'coco_curves',
    'confusion_matrix',
    'count_labels',
    'count_positives',
    'cross_view_ranks',
    'distance_chunks',
    'few_labels',
    'hits_of',
    'match_ranks',
    'mean_without_same_view',
    'neighbour_labels',
    'one_hot',
    'others_labels',
    'overlaps',
    'part_distances',
    'positives',
    'precision_recall_f1',
    'ranked',
    'ranking_precision',
    'relevant',
    'single_label_scores',
    'topk_hits',
    'voc_average_precision',
    'voc_curve',
]
