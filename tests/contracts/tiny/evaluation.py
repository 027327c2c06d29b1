"""Small arguments for samplers and metrics."""

from __future__ import annotations

from typing import Any

#: For samplers: arguments, and whether another epoch has another order.
SAMPLERS: dict[str, tuple[dict[str, Any], bool]] = {
    'AspectRatioBatchSampler': (dict(batch_size=4), True),
    'DefaultSampler': (dict(), True),
    'InfiniteSampler': (dict(), True),
    'PKSampler': (dict(num_identities=3, num_instances=2), True),
    'RepeatAugSampler': (dict(), True),
    'SequentialSampler': (dict(), False),
    'WeightedRandomSampler': (dict(), True),
}

WALK_TYPES = dict(gallery=['nm-01'], probe=dict(NM=['nm-02']))

#: For metrics: arguments, and what they are given (see ``test_metrics.py``).
METRIC_CASES: dict[str, tuple[dict[str, Any], str]] = {
    'CrossViewRank': (dict(protocol=WALK_TYPES), 'walks'),
    'CrossViewRetrieval': (dict(protocol=WALK_TYPES), 'walks'),
    'GaitRetrieval': (dict(protocol=WALK_TYPES), 'walks'),
    'Accuracy': (dict(topk=(1, 3)), 'scores'),
    'AveragePrecision': (dict(), 'scores'),
    'CocoMetric': (dict(classwise=True), 'boxes'),
    'ConfusionMatrix': (dict(), 'scores'),
    'KNNAccuracy': (dict(k=3), 'embeddings'),
    'MultiLabelMetric': (dict(thr=0.2), 'scores'),
    'DisparityMetric': (dict(reduction=['image', 'pixel']), 'disparities'),
    'RetrievalAveragePrecision': (dict(topk=3), 'scores'),
    'RetrievalRecall': (dict(topk=(1, 3)), 'scores'),
    'ShapeBiasMetric': (dict(csv_dir='bias', model_name='net'), 'cues'),
    'SingleLabelMetric': (dict(average=None), 'scores'),
    'VOCMetric': (dict(classwise=True), 'boxes'),
    'MultiTasksMetric': (dict(task_metrics=dict(a=[dict(type='Accuracy')])), 'tasks'),
    'VOCAveragePrecision': (dict(), 'difficult'),
    'VOCMultiLabelMetric': (dict(thr=0.2), 'difficult'),
}
