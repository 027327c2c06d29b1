"""What every second stage promises, and every network of a box."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import BOX_HEADS, ROI_HEADS, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.registry import MODELS
from mmlite.structures import Objects

for_each_box_head = pytest.mark.parametrize('name', names_of('heads', 'BoxHead'))
for_each_roi_head = pytest.mark.parametrize('name', names_of('heads', 'RoIHead'))
IMAGE = (64, 64)


def build(name, table, called, **changes):
    torch.manual_seed(0)
    head = MODELS.build(dict(arguments_of(name, table, called), type=name, **changes))
    head.init_weights()
    return head


def roi_head(name, **changes):
    return build(name, ROI_HEADS, 'ROI_HEADS', **changes)


@for_each_box_head
def test_logits_have_a_background_and_boxes_have_none(name):
    head = build(name, BOX_HEADS, 'BOX_HEADS')
    classes, boxes = head(torch.randn(5, 8, 7, 7))
    assert classes.shape == (5, head.num_classes + 1)
    assert boxes.shape in [(5, head.num_classes, 4), (5, 1, 4)]
    classes, boxes = head(torch.zeros(0, 8, 7, 7))
    assert len(classes) == len(boxes) == 0


def proposals():
    boxes = torch.tensor([[0.0, 0.0, 20.0, 20.0], [10.0, 8.0, 60.0, 60.0]])
    return [boxes, boxes[:0]]


@for_each_roi_head
@pytest.mark.parametrize('counts', [(1, 2), (0, 0)])
def test_losses_are_scalars_that_reach_every_parameter(name, counts):
    head = roi_head(name).train()
    boxes = torch.tensor([[2.0, 3.0, 20.0, 20.0], [20.0, 30.0, 50.0, 60.0]])
    objects = [Objects(boxes[:n], torch.tensor([2, 0])[:n]) for n in counts]
    chosen, targets = head.sample(proposals(), objects)
    feats = [torch.randn(2, 8, 16, 16, requires_grad=True)]
    losses = head.loss(*head(head.roi_extractor(feats, chosen, IMAGE)), chosen, targets)
    assert all(v.ndim == 0 and v.isfinite() for v in losses.values())
    sum(losses.values()).backward()
    for tensor in (*feats, *head.parameters()):
        assert tensor.grad.isfinite().all()


@for_each_roi_head
def test_an_image_without_proposals_has_no_predictions(name):
    head = roi_head(name, test_cfg=dict(score_thr=0.0)).eval()
    crops = head.roi_extractor([torch.randn(2, 8, 16, 16)], proposals(), IMAGE)
    found = head.predict(*head(crops), proposals(), [IMAGE, IMAGE])
    assert len(found[0][0]) > 0 and len(found[1][0]) == 0
    assert found[0][2].max() < head.num_classes


@for_each_roi_head
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        roi_head(name, no_such_argument=1)
