from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlite.evaluation.functional import (
    accuracy,
    average_precision,
    best_labels,
    confusion_matrix,
    one_hot,
    positives,
    single_label_scores,
)

SCORES = torch.randn(50, 6, generator=torch.Generator().manual_seed(0)).softmax(1)
LABELS = torch.randint(6, (50,), generator=torch.Generator().manual_seed(1))
TARGET = torch.randint(2, (50, 6), generator=torch.Generator().manual_seed(2))


def test_accuracy_is_a_count_of_samples():
    topk, thrs = (1, 2, 6), (None, 0.0, 0.2, 0.5)
    result = accuracy(SCORES, LABELS, topk, thrs)
    for i, k in enumerate(topk):
        for j, thr in enumerate(thrs):
            right = 0
            for score, label in zip(SCORES.tolist(), LABELS.tolist(), strict=True):
                best = sorted(range(6), key=lambda c: -score[c])[:k]
                right += label in best and (thr is None or score[label] > thr)
            assert result[i, j].item() == pytest.approx(right / 50 * 100)


def test_accuracy_of_labels():
    assert accuracy([0, 1, 2, 2], [0, 1, 1, 2]).tolist() == [75.0]


def test_arrays_lists_and_tensors_are_alike():
    expected = accuracy(SCORES, LABELS)
    assert torch.equal(accuracy(SCORES.numpy(), LABELS.numpy()), expected)
    assert torch.equal(accuracy(SCORES.tolist(), LABELS.tolist()), expected)


def test_confusion_matrix_counts_pairs():
    expected = np.zeros((6, 6), int)
    for score, label in zip(SCORES, LABELS, strict=True):
        expected[label, score.argmax()] += 1
    assert confusion_matrix(SCORES, LABELS).tolist() == expected.tolist()
    by_label = confusion_matrix(SCORES.argmax(1), LABELS, num_classes=6)
    assert by_label.tolist() == expected.tolist()
    wider = confusion_matrix(SCORES, LABELS, num_classes=8)
    assert wider[:6, :6].tolist() == expected.tolist()
    assert wider.sum() == 50


@pytest.mark.parametrize('thr', [None, 0.3])
def test_precision_and_recall_are_counted_by_class(thr):
    chosen = best_labels(SCORES, (thr,))[:, 0].tolist()
    labels = LABELS.tolist()
    result = single_label_scores(SCORES, LABELS, thr, average=None)
    for c in range(6):
        hits = sum(p == t == c for p, t in zip(chosen, labels, strict=True))
        precision = hits / max(chosen.count(c), 1)
        recall = hits / max(labels.count(c), 1)
        f1_score = 2 * precision * recall / max(precision + recall, 1e-12)
        assert result.precision[c].item() == pytest.approx(100 * precision)
        assert result.recall[c].item() == pytest.approx(100 * recall)
        assert result.f1_score[c].item() == pytest.approx(100 * f1_score)
        assert result.support[c] == labels.count(c)


def test_a_class_that_never_occurs_has_0_not_nan():
    result = single_label_scores([0, 0], [0, 0], num_classes=2, average=None)
    assert [value.tolist() for value in result] == [
        [100, 0],
        [100, 0],
        [100, 0],
        [2, 0],
    ]


def test_average_precision_walks_down_the_ranking():
    for c in range(6):
        ranking = sorted(range(50), key=lambda i: -SCORES[i, c])
        found, total = 0, 0.0
        for place, i in enumerate(ranking, start=1):
            if TARGET[i, c]:
                found += 1
                total += found / place
        value = average_precision(SCORES, TARGET, average=None)[c].item()
        assert value == pytest.approx(100 * total / found)


def test_average_precision_leaves_unknown_samples_out():
    keep = torch.arange(50) % 3 != 0
    unknown = TARGET.masked_fill(~keep.unsqueeze(1), -1)
    expected = average_precision(SCORES[keep], TARGET[keep], average=None)
    result = average_precision(SCORES, unknown, average=None)
    torch.testing.assert_close(result, expected)


def test_average_precision_without_positives_is_0():
    assert average_precision([[0.3], [0.2]], [[0], [0]]) == 0


def test_scores_become_predictions():
    score = torch.tensor([[0.5, 0.2, 0.3]])
    assert positives(score, thr=0.3).tolist() == [[True, False, True]]
    assert positives(score, topk=1).tolist() == [[True, False, False]]
    assert positives(score, thr=0.9, topk=1).tolist() == [[False, False, False]]


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: accuracy(SCORES, LABELS, topk=(1, 7)), r'top-7 .* pred has 6'),
        (lambda: accuracy(SCORES, LABELS[:3]), 'got 50 and 3'),
        (lambda: confusion_matrix(LABELS, LABELS), 'give num_classes'),
        (lambda: confusion_matrix(SCORES, LABELS + 3), 'labels from 0 to 8'),
        (lambda: confusion_matrix(LABELS, LABELS, 4), 'Set num_classes'),
        (lambda: single_label_scores(LABELS, LABELS), 'give num_classes'),
        (lambda: single_label_scores(SCORES, LABELS, average='all'), "got 'all'"),
        (lambda: average_precision(SCORES, TARGET[:, :3]), r'\(50, 6\) and \(50, 3\)'),
        (lambda: average_precision(SCORES, TARGET, average='micro'), "got 'micro'"),
        (lambda: positives(SCORES), 'give one'),
        (lambda: positives(SCORES, topk=7), 'there are 6 classes'),
        (lambda: one_hot([[0, 3]], 3), 'labels go from 0 to 2'),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match="target must be .* got <class 'str'>"):
        accuracy(SCORES, 'cat')
