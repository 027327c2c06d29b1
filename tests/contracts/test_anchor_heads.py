"""What every head of anchors promises: the calls of one-stage and proposal heads."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import ANCHOR_HEADS, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.registry import MODELS
from mmlite.structures import Objects

for_each_head = pytest.mark.parametrize('name', names_of('heads', 'AnchorHead'))
IMAGE = (64, 64)


def build(name, **changes):
    torch.manual_seed(0)
    args = arguments_of(name, ANCHOR_HEADS, 'ANCHOR_HEADS')
    head = MODELS.build(dict(args, type=name, **changes))
    head.init_weights()
    return head


def feats(batch=2):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(batch, 8, s, s, generator=generator) for s in (8, 4)]


def objects(*counts):
    boxes = torch.tensor([[2.0, 3.0, 20.0, 20.0], [20.0, 30.0, 50.0, 60.0]])
    return [Objects(boxes[:n], torch.tensor([2, 0])[:n]) for n in counts]


def assert_learns(head, counts):
    maps = [m.requires_grad_() for m in feats(len(counts))]
    found = head(maps)
    losses = head.loss(*found, head.anchors(maps, IMAGE), objects(*counts))
    assert all(key.startswith('loss') for key in losses)
    assert all(v.ndim == 0 and v.isfinite() for v in losses.values())
    sum(losses.values()).backward()
    for tensor in (*maps, *head.parameters()):
        assert tensor.grad.isfinite().all()
    return losses


@for_each_head
def test_there_is_one_prediction_for_each_anchor(name):
    head, maps = build(name), feats()
    anchors = head.anchors(maps, IMAGE)
    per_place = head.anchor_generator.num_base_anchors
    expected = [n * m[0, 0].numel() for n, m in zip(per_place, maps, strict=True)]
    assert [len(level) for level in anchors] == expected
    for out in head(maps):
        assert out.shape[:2] == (2, sum(expected))


@for_each_head
@pytest.mark.parametrize('counts', [(1, 2), (0, 2), (0, 0)])
def test_losses_are_scalars_that_reach_every_parameter(name, counts):
    assert_learns(build(name).train(), counts)


@for_each_head
def test_images_without_objects_have_no_loss_of_boxes(name):
    losses = assert_learns(build(name).train(), (0, 0))
    (box,) = [value for key, value in losses.items() if key.endswith('bbox')]
    assert box == 0


@for_each_head
def test_crowds_are_neither_objects_nor_background(name):
    """With the whole image a crowd, nothing is learned from."""
    head, maps = build(name).train(), feats(1)
    empty = objects(0)[0]
    whole = torch.tensor([[-100.0, -100.0, 200.0, 200.0]])
    crowd = [empty._replace(ignored=whole)]
    losses = head.loss(*head(maps), head.anchors(maps, IMAGE), crowd)
    assert all(value == 0 for value in losses.values())


@for_each_head
def test_predictions_lie_in_the_image_and_fall_in_score(name):
    head, maps = build(name).eval(), feats()
    sizes = [(64, 64), (40, 50)]
    found = head.predict(*head(maps), head.anchors(maps, IMAGE), sizes)
    for (boxes, scores, *_), (height, width) in zip(found, sizes, strict=True):
        assert len(boxes) == len(scores) > 0
        assert boxes.min() >= 0
        assert boxes[:, [0, 2]].max() <= width and boxes[:, [1, 3]].max() <= height
        assert (scores[:-1] >= scores[1:]).all()


@for_each_head
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
    with pytest.raises(ConfigError, match=r'test_cfg\.max_per_imag'):
        build(name, test_cfg=dict(max_per_imag=1))
