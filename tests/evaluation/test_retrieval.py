"""Retrieval metrics are those of a loop, and of mmpretrain."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from golden.drawn import generator

from mmlite.errors import UserError
from mmlite.evaluation import RetrievalAveragePrecision, RetrievalRecall
from mmlite.structures import DataSample

SCORES = torch.from_numpy(generator('rs').standard_normal((12, 30))).float()
TARGETS = [
    sorted({int(x) for x in generator(f'rt{i}').integers(0, 30, 4)}) for i in range(12)
]


def precision(ranking, target, topk):
    found, total = 0, 0.0
    for place, item in enumerate(ranking[:topk], start=1):
        if item in target:
            found += 1
            total += found / place
    return 100 * total / len(target)


def test_figures_are_those_of_mmpretrain():
    """mmpretrain 1.2.0 on these scores and targets."""
    recall = RetrievalRecall.calculate(SCORES, TARGETS, (1, 5), target_indices=True)
    assert recall == pytest.approx([8.333333969116211, 58.33333206176758])
    for mode, value in (('IR', 11.466600529100527), ('integrate', 8.175429894179894)):
        found = RetrievalAveragePrecision.calculate(
            SCORES, TARGETS, 10, target_indices=True, mode=mode
        )
        assert found == pytest.approx(value)


def test_average_precision_is_that_of_a_loop():
    rankings = SCORES.argsort(dim=1, descending=True).tolist()
    for topk in (1, 4, 30):
        each = [precision(*pair, topk) for pair in zip(rankings, TARGETS, strict=True)]
        one_hot = torch.zeros(12, 30)
        for row, target in zip(one_hot, TARGETS, strict=True):
            row[target] = 1
        found = RetrievalAveragePrecision.calculate(SCORES, one_hot, topk)
        assert found == pytest.approx(np.mean(each))


@pytest.mark.parametrize(
    ('ranking', 'target', 'mode', 'value'),
    [
        ([0, 9, 1, 8, 7], [0, 1], 'IR', 250 / 3),
        ([0, 9, 1, 8, 7], [0, 1, 2], 'IR', 500 / 9),
        ([0, 1], [0, 1, 2], 'IR', 200 / 3),
        ([0, 9, 1, 8, 7], [0, 1], 'integrate', 475 / 6),
    ],
)
def test_the_divisor_is_what_is_relevant(ranking, target, mode, value):
    found = RetrievalAveragePrecision.calculate(
        [ranking], [target], len(ranking), True, True, mode
    )
    assert found == pytest.approx(value)


def test_recall_is_any_hit_among_k():
    found = RetrievalRecall.calculate([[0, 9, 8]], [[0, 1, 2]], (1, 2), True, True)
    assert found == [100, 100]


def evaluated(metric, samples):
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def sample(ranking, target):
    found = DataSample(gt_label=torch.tensor(target, dtype=torch.long))
    found.pred_label = torch.tensor(ranking)
    return found


@pytest.mark.parametrize(
    ('metric', 'name'),
    [
        (RetrievalAveragePrecision(topk=2), 'mAP@2'),
        (RetrievalRecall(topk=2), 'Recall@2'),
    ],
)
def test_a_query_without_a_match_does_not_count_and_is_said(metric, name, capsys):
    found = evaluated(metric, [sample([0, 1], [0]), sample([0, 1], [])])
    assert found == {f'retrieval/{name}': 100}
    assert '1 of 2 queries have no match in the gallery' in capsys.readouterr().out
    assert evaluated(metric, [sample([0, 1], [])]) == {}


def test_scores_alone_are_ranked_and_gt_score_is_looked_at_first():
    one = DataSample(pred_score=torch.tensor([0.1, 0.9, 0.5]))
    one.gt_score = torch.tensor([0.0, 0.0, 1.0])
    assert evaluated(RetrievalRecall(topk=(1, 2)), [one]) == {
        'retrieval/Recall@1': 0,
        'retrieval/Recall@2': 100,
    }


def test_what_makes_no_sense_is_refused():
    for topk in (0, None, (1, -2)):
        with pytest.raises((ValueError, TypeError)):
            RetrievalRecall(topk)
    with pytest.raises(ValueError, match='topk must be at least 1, got None'):
        RetrievalAveragePrecision()
    with pytest.raises(ValueError, match="mode must be .* got 'AP'"):
        RetrievalAveragePrecision(topk=1, mode='AP')
    with pytest.raises(ValueError, match='got 2 and 1'):
        RetrievalRecall.calculate([[0], [1]], [[0]], 1, True, True)
    with pytest.raises((UserError, ValueError), match='neither pred_label'):
        evaluated(RetrievalRecall(1), [DataSample(gt_label=torch.tensor([0]))])
