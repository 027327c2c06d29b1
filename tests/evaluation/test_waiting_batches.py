"""Small batches that wait for each other are judged as each alone would be."""

from __future__ import annotations

import pytest
import torch
from support.predictions import METRIC_CFGS, equal, predictions

from mmlite.errors import DataError
from mmlite.evaluation.metrics import Accuracy
from mmlite.evaluation.metrics import base as metrics_base
from mmlite.registry import METRICS

SIZES = [5, 1, 7, 7, 20]


def evaluate_in_parts(cfg, batches, spoil=False):
    metric = METRICS.build(cfg)
    for batch in batches:
        metric.process(None, batch)
        if spoil:
            for name in batch.keys():
                batch.field(name).zero_()
    return metric.evaluate(sum(map(len, batches)))


def parts(batch):
    places = torch.arange(len(batch)).split(SIZES)
    return [batch.take(indices) for indices in places]


@pytest.mark.parametrize('cfg', METRIC_CFGS, ids=str)
@pytest.mark.parametrize('limit', [1, 90, 2**15])
def test_batches_together_are_as_each_alone(cfg, limit, monkeypatch):
    monkeypatch.setattr(metrics_base, '_TOGETHER', limit)
    batch = predictions()
    assert equal(evaluate_in_parts(cfg, parts(batch)), evaluate_in_parts(cfg, [batch]))


@pytest.mark.parametrize('cfg', METRIC_CFGS, ids=str)
def test_what_hooks_do_to_predictions_afterwards_does_not_count(cfg):
    batch = predictions()
    spoiled = evaluate_in_parts(cfg, parts(batch), spoil=True)
    assert equal(spoiled, evaluate_in_parts(cfg, [batch]))


def test_rows_are_made_of_few_batches_only(monkeypatch):
    """The first alone, then as many as have 90 numbers; a sample has 6."""
    monkeypatch.setattr(metrics_base, '_TOGETHER', 90)
    metric = Accuracy()
    lengths = []
    rows = metric.rows

    def counted(target, prediction):
        lengths.append(len(target))
        return rows(target, prediction)

    monkeypatch.setattr(metric, 'rows', counted)
    for batch in parts(predictions()):
        metric.process(None, batch)
    assert lengths == [5, 1 + 7 + 7, 20]
    metric.evaluate(40)
    assert lengths == [5, 1 + 7 + 7, 20]


def test_a_mistake_shows_with_the_first_batch():
    with pytest.raises(DataError, match='top-6 accuracy needs at least 6 classes'):
        Accuracy(topk=6).process(None, predictions())


def test_nothing_is_left_over_for_the_next_evaluation():
    metric = Accuracy()
    for batch in parts(predictions()):
        metric.process(None, batch)
    metric.evaluate(40)
    right = predictions()
    right.set_field('gt_label', right.field('pred_label'))
    for batch in parts(right):
        metric.process(None, batch)
    assert metric.evaluate(40) == {'accuracy/top1': 100.0}
