from __future__ import annotations

import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.ops import (
    batched_nms,
    box_overlaps,
    fixed_point_nms,
    multiclass_nms,
    nms,
    soft_nms,
    static_nms,
)

WAYS = pytest.mark.parametrize('way', [batched_nms, fixed_point_nms])


def scene(count, seed=0, spread=100.0):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * spread - spread / 2
    size = torch.rand(count, 2, generator=generator) * 40 + 5
    scores = torch.rand(count, generator=generator)
    labels = torch.randint(0, 3, (count,), generator=generator)
    return torch.cat([corner, corner + size], 1), scores, labels


def one_by_one(boxes, scores, labels, threshold):
    """The rule itself: go through the boxes, the best one first."""
    iou, kept = box_overlaps(boxes, boxes).tolist(), []
    labels = None if labels is None else labels.tolist()
    for i in scores.argsort(descending=True, stable=True).tolist():
        same = [j for j in kept if labels is None or labels[i] == labels[j]]
        if all(iou[i][j] <= threshold for j in same):
            kept.append(i)
    return kept


@WAYS
@pytest.mark.parametrize('threshold', [0.3, 0.7])
@pytest.mark.parametrize('count', [1, 5, 300])
@pytest.mark.parametrize('with_labels', [False, True])
def test_it_keeps_what_the_rule_keeps(way, threshold, count, with_labels):
    boxes, scores, labels = scene(count)
    labels = labels if with_labels else None
    kept = way(boxes, scores, labels, threshold)
    assert kept.tolist() == one_by_one(boxes, scores, labels, threshold)
    assert torch.equal(way(boxes, scores, labels, threshold, max_out=3), kept[:3])


def test_many_boxes_are_looked_at_class_by_class():
    boxes, scores, labels = scene(1500, spread=400.0)
    kept = batched_nms(boxes, scores, labels, 0.5)
    assert torch.equal(kept, fixed_point_nms(boxes, scores, labels, 0.5))
    assert torch.equal(batched_nms(boxes, scores, labels, 0.5, max_out=9), kept[:9])


def test_a_long_chain_of_boxes_is_followed_to_its_end():
    """Each suppresses the next one alone: every second stays."""
    left = torch.arange(60) * 4.0
    boxes = torch.stack([left, left * 0, left + 10, left * 0 + 10], dim=1)
    kept = fixed_point_nms(boxes, -torch.arange(60.0), None, 0.4)
    assert kept.tolist() == list(range(0, 60, 2))


@WAYS
def test_only_a_larger_overlap_suppresses(way):
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 5.0]])
    scores = torch.tensor([0.9, 0.8])
    assert len(way(boxes, scores, None, 0.5)) == 2  # IoU is exactly 0.5
    assert len(way(boxes, scores, None, 0.499)) == 1


@WAYS
@pytest.mark.parametrize(
    'boxes',
    [
        [[100.0, 100.0, 110.0, 110.0], [-11.0, -11.0, -1.0, -1.0]],
        [[-10.0, -10.0, -1.0, -1.0], [-10.0, -10.0, -1.0, -1.0]],
    ],
)
def test_classes_stay_apart_at_negative_places(way, boxes):
    kept = way(torch.tensor(boxes), torch.tensor([0.9, 0.8]), torch.tensor([0, 1]), 0.5)
    assert kept.tolist() == [0, 1]


@WAYS
def test_of_equal_scores_the_first_is_kept(way):
    same = torch.tensor([[0.0, 0.0, 5.0, 5.0]]).repeat(3, 1)
    assert way(same, torch.ones(3), None, 0.5).tolist() == [0]


@WAYS
def test_no_boxes_and_boxes_without_an_area(way):
    nothing = way(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0).long(), 0.5)
    assert nothing.dtype == torch.int64 and len(nothing) == 0
    points = torch.ones(2, 4)
    assert way(points, torch.tensor([0.1, 0.2]), None, 0.5).tolist() == [1, 0]


@WAYS
@pytest.mark.parametrize('count', [3, 2000])
def test_none_are_kept_where_none_are_asked_for(way, count):
    boxes, scores, labels = scene(count)
    for classes in (labels, None):
        kept = way(boxes, scores, classes, 0.5, max_out=0)
        assert kept.tolist() == [] and kept.dtype == torch.int64
        with pytest.raises(ConfigError, match='at least 0; None keeps all; got -1'):
            way(boxes, scores, classes, 0.5, max_out=-1)


def test_outputs_of_a_fixed_size_may_be_empty():
    boxes, scores, _ = scene(4)
    found = static_nms(boxes[None], scores[None, None], 0.5, max_out=0)
    assert [tuple(each.shape) for each in found] == [(1, 0, 4), (1, 0), (1, 0)]


def test_nan_scores_are_refused_with_what_to_do():
    with pytest.raises(DataError, match='1 of 2 scores are NaN.*learning rate'):
        nms(torch.eye(2, 4), torch.tensor([0.5, float('nan')]), 0.5)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r'\(3, 4\), \(2,\)'):
        nms(torch.zeros(3, 4), torch.zeros(2), 0.5)


@pytest.mark.parametrize('method', ['gaussian', 'linear'])
def test_soft_nms_lowers_scores_by_the_overlap(method):
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 6.0]])
    kept, scores = soft_nms(boxes, torch.tensor([0.9, 0.8]), method=method)
    iou = torch.tensor(0.6)
    factor = torch.exp(-(iou**2) / 0.5) if method == 'gaussian' else 1 - iou
    assert kept.tolist() == [0, 1]
    torch.testing.assert_close(scores, torch.stack([torch.tensor(0.9), 0.8 * factor]))


def test_soft_nms_drops_what_falls_too_low():
    same = torch.tensor([[0.0, 0.0, 10.0, 10.0]]).repeat(2, 1)
    kept, _ = soft_nms(same, torch.tensor([0.5, 0.9]), method='linear')
    assert kept.tolist() == [1]


def test_multiclass_nms_looks_at_each_class_by_itself():
    boxes, _, _ = scene(50)
    scores = torch.rand(50, 4, generator=torch.Generator().manual_seed(1))
    found, values, labels = multiclass_nms(boxes, scores, 0.6, 0.4, max_per_img=12)
    expected = []
    for label in range(4):
        own = (scores[:, label] > 0.6).nonzero().squeeze(1)
        kept = own[one_by_one(boxes[own], scores[own, label], None, 0.4)]
        expected += [(scores[i, label].item(), label, i) for i in kept.tolist()]
    expected = sorted(expected, reverse=True)[:12]
    assert labels.tolist() == [label for _, label, _ in expected]
    assert torch.equal(found, boxes[[i for _, _, i in expected]])
    assert values.tolist() == [score for score, _, _ in expected]


def test_multiclass_nms_takes_the_best_of_each_class_first():
    boxes, scores, _ = scene(30)
    scores = scores[:, None].repeat(1, 2)
    own = boxes[:, None].expand(-1, 2, -1)
    found, values, labels = multiclass_nms(own, scores, 0.0, 1.0, 100, nms_pre=4)
    assert labels.bincount().tolist() == [4, 4]
    assert values.min() == scores[:, 0].sort().values[-4]
    large, _, _ = multiclass_nms(boxes, scores, 0.0, 1.0, 100, min_size=20)
    assert (large[:, 2:] - large[:, :2]).min() >= 20


def test_scores_that_are_nan_are_refused_and_not_dropped():
    boxes, scores = torch.rand(2, 4), torch.tensor([float('nan'), 0.5])
    for suppress in (
        lambda: nms(boxes, scores, 0.5),
        lambda: soft_nms(boxes, scores),
        lambda: multiclass_nms(boxes, scores[:, None], 0.1, 0.5, max_per_img=2),
    ):
        with pytest.raises(DataError, match='1 of 2 scores are NaN'):
            suppress()
    with pytest.raises(ValueError, match='sigma must be positive'):
        soft_nms(boxes, torch.rand(2), sigma=0.0)
