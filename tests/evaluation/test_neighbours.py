"""Votes of neighbours are those of a loop."""

from __future__ import annotations

import math

import pytest
import torch

from mmlite.errors import UserError
from mmlite.evaluation import KNNAccuracy
from mmlite.evaluation.functional import few_labels, neighbour_labels, others_labels
from mmlite.structures import DataSample

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(30, 4, generator=GENERATOR)
LABELS = torch.randint(0, 3, (30,), generator=GENERATOR)


def elected(query, others, labels, k, temperature):
    cosines = [float(torch.cosine_similarity(query, o, dim=0)) for o in others]
    best = sorted(range(len(others)), key=lambda i: -cosines[i])[:k]
    votes = {}
    for i in best:
        weight = math.exp(cosines[i] / temperature)
        votes[int(labels[i])] = votes.get(int(labels[i]), 0) + weight
    return max(votes, key=votes.get)


@pytest.mark.parametrize(('k', 'temperature'), [(1, 0.07), (5, 0.07), (9, 1.0)])
def test_the_neighbours_vote_by_their_similarity(k, temperature):
    queries = X[:10] + 0.1
    found = neighbour_labels(queries, X, LABELS, k, temperature)
    assert found.tolist() == [elected(q, X, LABELS, k, temperature) for q in queries]
    found = others_labels(X, LABELS, k, temperature)
    for i in range(30):
        rest = torch.arange(30) != i
        assert found[i] == elected(X[i], X[rest], LABELS[rest], k, temperature)


def test_equal_ones_leave_out_one_of_them():
    same = torch.ones(6, 2)
    assert (
        others_labels(same, torch.tensor([1, 0, 0, 0, 0, 0]), k=2).tolist() == [0] * 6
    )


def test_so_many_of_each_class_are_drawn():
    places = few_labels(LABELS, 4, torch.Generator().manual_seed(1))
    assert LABELS[places].bincount().tolist() == [4, 4, 4]
    assert len(set(places.tolist())) == 12


def test_the_metric_is_the_share_that_its_neighbours_name():
    metric = KNNAccuracy(k=5)
    assert metric.takes_features
    samples = [
        DataSample(pred_embedding=x).set_gt_label(label)
        for x, label in zip(X, LABELS, strict=True)
    ]
    metric.process(None, samples[:13])
    metric.process(None, samples[13:])
    expected = (others_labels(X, LABELS, 5) == LABELS).double().mean().item() * 100
    assert metric.evaluate(30)['knn/loo_top1'] == pytest.approx(expected)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match='k must be at least 1'):
        KNNAccuracy(k=0)
    with pytest.raises(UserError, match='no pred_embedding'):
        KNNAccuracy().process(None, [DataSample().set_gt_label(0)])
