"""A batch whose fields are tensors is judged as a list of its samples is."""

from __future__ import annotations

import pytest
import torch
from mmengine.evaluator import BaseMetric
from support.predictions import METRIC_CFGS, equal, predictions

from mmlite.errors import DataError
from mmlite.evaluation import Evaluator
from mmlite.registry import METRICS
from mmlite.structures import DataSample, SampleBatch

LABEL_CFGS = [
    dict(type='Accuracy'),
    dict(type='ConfusionMatrix', num_classes=5),
    dict(type='SingleLabelMetric', num_classes=5),
]


def evaluate(cfg, samples):
    metric = METRICS.build(cfg)
    metric.process(None, samples)
    return metric.evaluate(len(samples))


@pytest.mark.parametrize(
    ('cfg', 'fields'),
    [(cfg, dict()) for cfg in METRIC_CFGS]
    + [(cfg, dict(scores=False)) for cfg in LABEL_CFGS]
    + [(cfg, dict(target='gt_score')) for cfg in METRIC_CFGS[3:]],
)
def test_no_sample_is_made(cfg, fields, no_samples, monkeypatch):
    batch = predictions(**fields)
    got = evaluate(cfg, batch)
    monkeypatch.undo()
    assert equal(got, evaluate(cfg, list(batch)))


def test_samples_that_were_changed_count():
    batch = predictions()
    batch[3].set_gt_label((batch[3].pred_label + 1) % 5)
    batch[4].set_gt_label(batch[4].pred_label)
    cfg = dict(type='Accuracy')
    assert equal(evaluate(cfg, batch), evaluate(cfg, list(batch)))


def test_several_labels_each():
    made = predictions(target=None)
    for i, sample in enumerate(made):
        sample.set_gt_label([i % 5, (i + 2) % 5][: 1 + i % 2])
    cfg = dict(type='MultiLabelMetric')
    assert equal(evaluate(cfg, made), evaluate(cfg, list(made)))
    with pytest.raises(DataError, match='one gt_label per sample'):
        evaluate(dict(type='Accuracy'), made)


@pytest.mark.parametrize('target', [None, 'gt_score'])
def test_labels_that_are_missing(target):
    with pytest.raises(DataError, match='one gt_label per sample, but .* has none'):
        evaluate(dict(type='Accuracy'), predictions(target=target))


def test_metrics_of_others_get_dicts():
    class Counting(BaseMetric):
        default_prefix = 'count'

        def process(self, data_batch, data_samples):
            self.results += [sample['pred_label'].item() for sample in data_samples]

        def compute_metrics(self, results):
            return dict(labels=results)

    batch = predictions()
    evaluator = Evaluator([Counting(), dict(type='Accuracy')])
    evaluator.process(batch)
    labels = evaluator.evaluate(40)['count/labels']
    assert labels == batch.field('pred_label').tolist()


def test_one_class_has_one_score():
    batch = SampleBatch.of(
        2, dict(pred_score=torch.rand(2, 1), gt_score=torch.ones(2, 1))
    )
    again = SampleBatch(list(batch))  # (B, ) now, as labels are
    for samples in (batch, again, list(batch)):
        assert evaluate(dict(type='AveragePrecision'), samples) == {
            'multi-label/mAP': 100.0
        }
    assert isinstance(batch[0], DataSample)
