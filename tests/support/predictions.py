"""Predictions of a batch, and what to judge them by."""

from __future__ import annotations

import torch

from mmlite.structures import SampleBatch

METRIC_CFGS = [
    dict(type='Accuracy', topk=(1, 3), thrs=(0.0, 0.3, None)),
    dict(type='ConfusionMatrix'),
    dict(type='SingleLabelMetric', average=None),
    dict(type='MultiLabelMetric'),
    dict(type='MultiLabelMetric', topk=2),
    dict(type='AveragePrecision'),
]


def predictions(scores=True, target='gt_label'):
    values = torch.rand(40, 5).softmax(1)
    batch = SampleBatch.of(40, dict(pred_label=values.argmax(1)))
    if scores:
        batch.set_field('pred_score', values)
    if target == 'gt_label':
        batch.set_field('gt_label', torch.randint(0, 5, (40,)))
    elif target == 'gt_score':
        batch.set_field('gt_score', torch.randint(0, 2, (40, 5)).float())
    return batch


def equal(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(torch.as_tensor(first[k]), torch.as_tensor(second[k]))
        for k in first
    )
