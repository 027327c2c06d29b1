"""Outputs of a fixed size are those of the free form; ONNX records its operators."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmlite.ops import (
    crop_and_resize,
    multi_level_roi_align,
    multiclass_nms,
    static_nms,
)

IOU = 0.5


def scene(batch=2, classes=3, count=40, by_class=False):
    generator = torch.Generator().manual_seed(0)
    shape = (batch, classes, count, 2) if by_class else (batch, count, 2)
    corner = torch.rand(shape, generator=generator) * 60
    size = torch.rand(shape, generator=generator) * 40 + 5
    scores = torch.rand(batch, classes, count, generator=generator)
    return torch.cat([corner, corner + size], dim=-1), scores


@pytest.mark.parametrize('by_class', [False, True])
@pytest.mark.parametrize('most', [5, 200])
def test_it_keeps_what_the_free_form_keeps(by_class, most):
    boxes, scores = scene(by_class=by_class)
    found, values, labels = static_nms(boxes, scores, IOU, most, score_thr=0.2)
    for i in range(2):
        own = boxes[i].transpose(0, 1) if by_class else boxes[i]
        wanted = multiclass_nms(own, scores[i].t(), 0.2, IOU, most)
        count = len(wanted[0])
        for ours, theirs in zip((found[i], values[i], labels[i]), wanted, strict=True):
            assert torch.equal(ours[:count], theirs)
        assert (values[i, count:] == -1).all() and (found[i, count:] == 0).all()


def test_boxes_that_are_none_of_a_class_are_left_out():
    boxes, scores = scene(batch=1)
    scores[:, 1:] = -1
    _, values, labels = static_nms(boxes, scores, IOU, 100)
    assert (labels == 0).all() and (values > 0).any()


class Suppressing(nn.Module):
    def forward(self, boxes, scores):
        return static_nms(boxes, scores, IOU, 20, score_thr=0.2)


class Pooling(nn.Module):
    """RoIAlign on two maps, and crops of one."""

    def __init__(self, ratio, aligned):
        super().__init__()
        self.ratio, self.aligned = ratio, aligned

    def forward(self, fine, coarse, rois):
        levels = (rois[:, 3] - rois[:, 1] > 20).long()
        return multi_level_roi_align(
            [fine, coarse], rois, levels, (3, 2), (0.5, 0.25), self.ratio, self.aligned
        )


class Cropping(nn.Module):
    def forward(self, feats, rois):
        return crop_and_resize(feats, rois, (3, 4)), crop_and_resize(feats, rois, 1)


def run_in_onnx(module, inputs, path):
    onnxruntime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnx')
    names = [f'x{i}' for i in range(len(inputs))]
    legacy = {} if torch.__version__ < '2.5' else dict(dynamo=False)
    torch.onnx.export(
        module, inputs, str(path), input_names=names, opset_version=17, **legacy
    )
    session = onnxruntime.InferenceSession(
        str(path), providers=['CPUExecutionProvider']
    )
    feed = {n: x.numpy() for n, x in zip(names, inputs, strict=True)}
    return [torch.from_numpy(y) for y in session.run(None, feed)]


def rois(scale, count=6):
    boxes, _ = scene(batch=2, count=count)
    index = torch.arange(2.0).repeat_interleave(count)
    return torch.cat([index[:, None], boxes.reshape(-1, 4) * scale], dim=1)


MODULES = [
    (Suppressing(), lambda: scene()),
    (Suppressing(), lambda: scene(by_class=True)),
    *(
        (
            Pooling(ratio, aligned),
            lambda: (torch.randn(2, 5, 40, 50), torch.randn(2, 5, 20, 25), rois(1.0)),
        )
        for ratio, aligned in ((2, False), (0, True))
    ),
    # Some lie partly outside.
    (Cropping(), lambda: (torch.randn(2, 5, 9, 8), rois(1 / 90))),
]


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize(('module', 'inputs'), MODULES)
def test_onnx_computes_the_same(module, inputs, tmp_path):
    torch.manual_seed(0)
    given = inputs()
    expected = module(*given)
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = run_in_onnx(module, given, tmp_path / 'a.onnx')
    for ours, theirs in zip(expected, found, strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)
