from __future__ import annotations

import math

import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.models.task_utils import (
    AnchorGenerator,
    ArgMaxMatcher,
    BalancedSampler,
    BipartiteMatcher,
    BoxCoder,
    FixedShapeResizer,
    HardExampleMiner,
    KeepAspectRatioResizer,
    SSDAnchorGenerator,
    TargetAssigner,
)
from mmlite.ops import corners_to_centered
from mmlite.registry import TASK_UTILS

# Objects by anchors; the second object is most similar to the third anchor.
SIMILARITY = torch.tensor(
    [[0.8, 0.45, 0.0, 0.3], [0.1, 0.2, 0.35, 0.35], [0.0, 0.0, 0.0, 0.0]]
)


def test_anchors_stand_at_every_place_in_the_order_of_the_maps():
    found = AnchorGenerator([[8, 16]], ratios=[1.0], rounded=False)([(2, 3)], (8, 12))
    centers, sizes = corners_to_centered(found[0]).split(2, dim=1)
    expected = [(x, y) for y in (0.0, 4.0) for x in (0.0, 4.0, 8.0) for _ in range(2)]
    assert centers.tolist() == [list(place) for place in expected]
    assert sizes[:, 0].tolist() == [8.0, 16.0] * 6


def test_anchors_have_the_area_of_their_size_and_the_ratio_asked_for():
    (found,) = AnchorGenerator([[32]], [0.5, 2.0], rounded=False)([(1, 1)], (16, 16))
    width, height = corners_to_centered(found)[:, 2:].unbind(1)
    torch.testing.assert_close(width * height, torch.full((2,), 32.0**2))
    torch.testing.assert_close(height / width, torch.tensor([0.5, 2.0]))


def test_anchors_made_in_inference_are_used_in_training():
    anchors = AnchorGenerator([[8]])
    with torch.inference_mode():
        anchors([(1, 1)], (8, 8))
    (known,) = anchors([(1, 1)], (8, 8))
    weight = torch.ones(1, requires_grad=True)
    (weight * known).sum().backward()
    assert weight.grad.isfinite().all()


def test_default_boxes_of_ssd_are_those_of_the_paper():
    anchors = SSDAnchorGenerator([[2]], scales=[0.2, 0.45])
    (found,) = anchors([(1, 1)], (100, 100))
    sizes = corners_to_centered(found)[:, 2:] / 100
    wide, tall = 0.2 * math.sqrt(2), 0.2 / math.sqrt(2)
    expected = [(0.2, 0.2), (0.3, 0.3), (wide, tall), (tall, wide)]
    torch.testing.assert_close(sizes, torch.tensor(expected))


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='AnchorGenerator', sizes=[[8]], strides=[4, 8]), 'strides has 2'),
        (dict(type='SSDAnchorGenerator', ratios=[[2]], scales=[0.1]), '2 scales'),
        (dict(type='BoxCoder', weights=[1.0]), 'four positive'),
        (
            dict(type='ArgMaxMatcher', matched_threshold=0.3, unmatched_threshold=0.5),
            'at most',
        ),
        (dict(type='BalancedSampler', positive_fraction=0.0), 'above 0'),
        (dict(type='HardExampleMiner', loss_type='box'), "got 'box'"),
        (dict(type='KeepAspectRatioResizer', min_dimension=9, max_dimension=3), '9'),
        (dict(type='BoxCodr'), "did you mean 'BoxCoder'"),
    ],
)
def test_what_a_config_gets_wrong_is_explained(cfg, message):
    with pytest.raises(ConfigError, match=message):
        TASK_UTILS.build(cfg)


def test_anchors_for_another_number_of_maps_are_refused():
    with pytest.raises(ValueError, match='for 1 feature maps, got 2'):
        AnchorGenerator([[8]])([(1, 1), (1, 1)], (8, 8))


def test_the_coder_does_what_the_paper_says():
    anchor = torch.tensor([10.0, 20.0, 30.0, 60.0])  # 20 wide, 40 high
    box = torch.tensor([12.0, 24.0, 52.0, 44.0])  # 40 wide, 20 high
    coder = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))
    expected = [10 * 12 / 20, 10 * -6 / 40, 5 * math.log(2), 5 * math.log(0.5)]
    torch.testing.assert_close(coder.encode(anchor, box), torch.tensor(expected))
    torch.testing.assert_close(coder.decode(anchor, coder.encode(anchor, box)), box)


def test_boxes_do_not_grow_without_bound():
    huge = torch.tensor([0.0, 0.0, 99.0, 99.0])
    anchor = torch.tensor([0.0, 0.0, 16.0, 16.0])
    size = corners_to_centered(BoxCoder().decode(anchor, huge))[2:]
    torch.testing.assert_close(size, torch.full((2,), 1000.0))


@pytest.mark.parametrize(
    ('settings', 'expected'),
    [
        (dict(matched_threshold=0.5), [0, -1, -1, -1]),
        (dict(matched_threshold=0.5, unmatched_threshold=0.4), [0, -2, -1, -1]),
        (
            dict(
                matched_threshold=0.5,
                unmatched_threshold=0.4,
                negatives_lower_than_unmatched=False,
            ),
            [0, -1, -2, -2],
        ),
        # The first of two anchors that are alike; none for the third object.
        (dict(matched_threshold=0.5, force_match_for_each_row=True), [0, -1, 1, -1]),
        # Both of them, each with the object that it is most similar to.
        (dict(matched_threshold=0.5, allow_low_quality_matches=True), [0, -1, 1, 1]),
    ],
)
def test_anchors_are_matched_by_thresholds(settings, expected):
    assert ArgMaxMatcher(**settings)(SIMILARITY).tolist() == expected


@pytest.mark.parametrize('matcher', [ArgMaxMatcher(), BipartiteMatcher()])
def test_without_objects_all_is_background(matcher):
    assert matcher(torch.zeros(0, 3)).tolist() == [-1, -1, -1]
    assert matcher(torch.zeros(2, 0)).shape == (0,)


def test_bipartite_matching_takes_the_best_pair_first():
    pairs = torch.tensor([[0.9, 0.8], [0.85, 0.1]])
    assert BipartiteMatcher()(pairs).tolist() == [0, 1]


def test_objects_without_weight_and_ignored_regions():
    anchors = torch.tensor([[0.0, 0.0, 8.0, 8.0], [20.0, 0.0, 28.0, 8.0], [50.0] * 4])
    anchors[2, 2:] += 8
    boxes = anchors[:2].clone()
    assigner = TargetAssigner(ArgMaxMatcher(), negative_class_weight=0.5)
    found = assigner.assign(
        anchors,
        boxes,
        torch.tensor([4, 6]),
        weights=torch.tensor([2.0, 0.0]),
        ignored=torch.tensor([[18.0, 0.0, 30.0, 9.0]]),
    )
    assert found.labels.tolist() == [4, -2, -1]
    assert found.weights.tolist() == [2.0, 0.0, 0.5]
    assert found.matches.tolist() == [0, -2, -1]
    assert found.boxes(anchors).tolist() == anchors.tolist()
    other = assigner.assign(anchors, boxes[:1] + 1, torch.tensor([4])).boxes(anchors)
    assert other.tolist() == [[1.0, 1.0, 9.0, 9.0], *anchors[1:].tolist()]
    nothing = assigner.assign(anchors, boxes[:0], torch.tensor([]).long())
    assert nothing.boxes(anchors) is anchors


@pytest.mark.parametrize(
    ('size', 'fraction', 'expected'),
    [(8, 0.5, (4, 4)), (100, 0.5, (10, 20)), (8, 0.25, (2, 6)), (None, 0.5, (10, 10))],
)
def test_the_sampler_keeps_to_the_share(size, fraction, expected):
    labels = torch.tensor([1] * 10 + [-1] * 20 + [-2] * 5)
    positive, negative = BalancedSampler(size, fraction)(labels)
    assert (len(positive), len(negative)) == expected
    assert (labels[positive] == 1).all() and (labels[negative] == -1).all()
    assert len(positive.unique()) == len(positive)


def test_the_miner_keeps_the_hardest_negatives_for_each_positive():
    loss = torch.tensor([0.1, 0.9, 0.5, 0.7, 0.3, 5.0])
    labels = torch.tensor([2, -1, -1, -1, -1, -2])
    miner = HardExampleMiner(None, 1.0, 'cls', max_negatives_per_positive=2)
    kept = miner(loss, torch.zeros(6), torch.zeros(6, 4), labels)
    assert sorted(kept.tolist()) == [0, 1, 3]
    least = HardExampleMiner(
        None, 1.0, max_negatives_per_positive=2, min_negatives_per_image=1
    )
    alone = least(loss[1:], loss[1:], torch.zeros(5, 4), labels[1:])
    assert alone.tolist() == [0]


def test_the_miner_drops_boxes_that_a_harder_one_overlaps():
    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0], [20.0] * 4])
    boxes[2, 2:] += 5
    loss, labels = torch.tensor([0.2, 0.9, 0.1]), torch.tensor([-1, -1, 3])
    kept = HardExampleMiner(2, 0.7, 'cls')(loss, loss, boxes, labels)
    assert kept.tolist() == [1, 2]
    for threshold in (0.7, 1.0):
        none = HardExampleMiner(0, threshold, 'cls')(loss, loss, boxes, labels)
        assert none.tolist() == []


def test_resizers_state_and_give_the_same_size():
    image = torch.rand(3, 33, 47)
    for resizer in (FixedShapeResizer(20, 30), KeepAspectRatioResizer(50, 60)):
        assert resizer(image).shape[1:] == resizer.size_of(33, 47)
    assert KeepAspectRatioResizer(50, 100).size_of(100, 80) == (62, 50)
    assert FixedShapeResizer(33, 47)(image) is image
