from __future__ import annotations

import math

import pytest
import torch

from mmlite.ops import (
    box_overlaps,
    centered_to_corners,
    clip_boxes,
    corners_to_centered,
    paired_overlaps,
)


def random_boxes(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 60
    return torch.cat(
        [corner, corner + torch.rand(count, 2, generator=generator) * 50], 1
    )


def overlap_of(a, b, kind):
    """By the definitions, one pair at a time."""
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    shared *= max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    union = sum(areas) - shared
    if kind == 'iof':
        return shared / areas[0]
    iou = shared / union
    hull = [min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]
    width, height = hull[2] - hull[0], hull[3] - hull[1]
    if kind == 'giou':
        return iou - (width * height - union) / (width * height)
    apart = sum((a[i] + a[i + 2] - b[i] - b[i + 2]) ** 2 / 4 for i in (0, 1))
    diou = iou - apart / (width**2 + height**2)
    slants = [math.atan((x[2] - x[0]) / (x[3] - x[1])) for x in (a, b)]
    unlike = 4 / math.pi**2 * (slants[0] - slants[1]) ** 2
    ciou = diou - unlike * unlike / (1 - iou + unlike)
    return dict(iou=iou, diou=diou, ciou=ciou)[kind]


@pytest.mark.parametrize('kind', ['iou', 'iof', 'giou', 'diou', 'ciou'])
def test_overlaps_are_those_of_the_definitions(kind):
    a, b = random_boxes(7), random_boxes(5, seed=1)
    expected = [[overlap_of(x, y, kind) for y in b.tolist()] for x in a.tolist()]
    torch.testing.assert_close(box_overlaps(a, b, kind), torch.tensor(expected))
    paired = paired_overlaps(a[:5], b, kind)
    torch.testing.assert_close(paired, box_overlaps(a[:5], b, kind).diagonal())


@pytest.mark.parametrize('kind', ['iou', 'iof', 'giou', 'diou', 'ciou'])
def test_boxes_without_an_area_have_finite_overlaps_and_gradients(kind):
    a = torch.tensor([[3.0, 3.0, 3.0, 3.0]], requires_grad=True)
    value = box_overlaps(a, torch.tensor([[3.0, 3.0, 3.0, 3.0]]), kind)
    value.sum().backward()
    assert value.isfinite().all() and a.grad.isfinite().all()


def test_no_boxes_give_no_overlaps():
    assert box_overlaps(torch.zeros(0, 4), random_boxes(3)).shape == (0, 3)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="got 'gious'"):
        box_overlaps(random_boxes(1), random_boxes(1), 'gious')


def test_corners_and_centres_are_each_others_reverse():
    boxes = random_boxes(9)
    torch.testing.assert_close(centered_to_corners(corners_to_centered(boxes)), boxes)


def test_clipping_keeps_what_lies_in_the_image():
    boxes = torch.tensor([[-5.0, -5.0, 50.0, 3.0], [9.0, 9.0, 9.5, 70.0]])
    expected = torch.tensor([[0.0, 0.0, 20.0, 3.0], [9.0, 9.0, 9.5, 10.0]])
    assert torch.equal(clip_boxes(boxes, (10, 20)), expected)
