from __future__ import annotations

import math

import pytest
import torch

from mmlite.errors import DataError
from mmlite.ops import crop_and_resize, multi_level_roi_align, roi_align

ROIS = torch.tensor(
    [
        [0.0, 3.0, 2.0, 30.0, 21.5],
        [1.0, -8.0, -4.0, 12.0, 9.0],  # partly outside
        [1.0, 28.0, 20.0, 60.0, 50.0],
        [0.0, 10.0, 10.0, 10.5, 10.2],  # smaller than a pixel
    ]
)


def sampled(plane, y, x):
    """One bilinear sample by torchvision's rules."""
    height, width = len(plane), len(plane[0])
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    corners = []
    for value, size in ((y, height), (x, width)):
        value = max(value, 0.0)
        low = math.floor(value)
        if low >= size - 1:
            corners.append(((size - 1, 1.0), (size - 1, 0.0)))
        else:
            corners.append(((low, 1 - value + low), (low + 1, value - low)))
    return sum(plane[r][c] * wr * wc for r, wr in corners[0] for c, wc in corners[1])


def loop(feats, rois, size, scale, ratio, aligned):
    planes = feats.tolist()
    out = torch.zeros(len(rois), feats.size(1), size, size)
    for r, (image, *box) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (v * scale - 0.5 * aligned for v in box)
        width, height = x2 - x1, y2 - y1
        if not aligned:
            width, height = max(width, 1.0), max(height, 1.0)
        steps = height / size, width / size
        counts = [ratio or max(math.ceil(step), 1) for step in steps]
        for c in range(feats.size(1)):
            for i in range(size):
                for j in range(size):
                    values = [
                        sampled(
                            planes[int(image)][c],
                            y1 + (i + (a + 0.5) / counts[0]) * steps[0],
                            x1 + (j + (b + 0.5) / counts[1]) * steps[1],
                        )
                        for a in range(counts[0])
                        for b in range(counts[1])
                    ]
                    out[r, c, i, j] = sum(values) / len(values)
    return out


def features(seed=0, size=(6, 9)):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 2, *size, generator=generator)


@pytest.mark.parametrize('aligned', [False, True])
@pytest.mark.parametrize('ratio', [0, 2])
def test_it_is_the_mean_of_bilinear_samples(aligned, ratio):
    feats = features()
    expected = loop(feats, ROIS, 2, 0.25, ratio, aligned)
    found = roi_align(feats, ROIS, 2, 0.25, ratio, aligned)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_each_box_reads_its_own_level():
    feats = [features(0), features(1, (3, 5))]
    levels, scales = torch.tensor([1, 0, 1, 0]), [0.25, 0.125]
    found = multi_level_roi_align(feats, ROIS, levels, 3, scales, 2, False)
    for i, level in enumerate(levels.tolist()):
        own = roi_align(feats[level], ROIS[i : i + 1], 3, scales[level], 2, False)
        torch.testing.assert_close(found[i : i + 1], own)


def test_the_gradient_is_the_slope():
    feats = features().double().requires_grad_()
    rois = ROIS.double()
    assert torch.autograd.gradcheck(lambda x: roi_align(x, rois, 2, 0.25, 2), feats)


def test_features_of_half_precision_are_sampled_in_full_precision():
    feats = features()
    found = roi_align(feats.bfloat16(), ROIS, 2, 0.25, 2)
    expected = roi_align(feats.bfloat16().float(), ROIS, 2, 0.25, 2)
    torch.testing.assert_close(found.float(), expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize('ratio', [0, 2])
def test_no_boxes_give_no_features(ratio):
    assert roi_align(features(), ROIS[:0], 2, 0.25, ratio).shape == (0, 2, 2, 2)


def test_crop_and_resize_samples_the_corners_of_the_box():
    """Of a plane that is linear in its places the samples are those places."""
    y, x = torch.meshgrid(torch.arange(5.0), torch.arange(9.0), indexing='ij')
    feats = torch.stack([y, x])[None]
    rois = torch.tensor([[0.0, 0.25, 0.5, 0.75, 1.0]])
    found = crop_and_resize(feats, rois, 3)[0]
    torch.testing.assert_close(found[0, :, 0], torch.tensor([2.0, 3.0, 4.0]))
    torch.testing.assert_close(found[1, 0], torch.tensor([2.0, 4.0, 6.0]))


def test_crop_and_resize_is_zero_outside():
    found = crop_and_resize(
        torch.ones(1, 1, 4, 4), torch.tensor([[0.0, 0, 0, 2, 2]]), 3
    )
    expected = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert torch.equal(found[0, 0], expected)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match='index of the image'):
        roi_align(features(), ROIS[:, 1:], 2)


def test_boxes_that_are_nan_are_named():
    rois = torch.tensor([[0.0, 1, 1, 3, 3], [0.0, float('nan'), 0, 3, 3]])
    with pytest.raises(DataError, match='boxes to pool features of are NaN'):
        roi_align(torch.rand(1, 2, 4, 4), rois, 2)
