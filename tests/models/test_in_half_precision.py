"""What needs the range or the digits of float32 has them within mixed precision.

Each case is called with half numbers, on their own and under autocast, and has to give
what it gives for the same numbers in float32. Their squares and sums are beyond 65504,
the largest half.
"""

from __future__ import annotations

import copy

import pytest
import torch

from mmlite import ops
from mmlite.models.losses import distributed_sinkhorn
from mmlite.models.necks.gem import generalized_mean
from mmlite.registry import MODELS

LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
SMOOTH = dict(type='LabelSmoothLoss', label_smooth_val=0.1)


def noise(*shape, scale=300.0, offset=0.0):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator) * scale + offset


def boxes(count):
    corners = noise(count, 2, scale=100.0).abs()
    return torch.cat([corners, corners + 600 + noise(count, 2, scale=50.0)], dim=1)


def built(cfg):
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(cfg))


def of(cfg, method='__call__'):
    """Call a part that is built of its config."""
    return lambda *inputs: getattr(built(cfg), method)(*inputs)


def first(cfg):
    """The loss of a part that gives what it logs too."""
    return lambda *inputs: built(cfg)(*inputs)[0]


def element_wise(kind, **kwargs):
    return of(dict(type=kind, **kwargs))


CROSS_ENTROPY = dict(type='CrossEntropyLoss')
ROW = torch.arange(6)
CASES = {
    'triplets': (first(dict(type='TripletLoss')), noise(6, 64, 2), LABELS),
    'contrast': (first(dict(type='SupConLoss')), noise(6, 64, 2), LABELS),
    'parts': (
        first(dict(type='PartCrossEntropyLoss')),
        noise(6, 3, 2, scale=5e3),
        LABELS,
    ),
    'cross entropy': (element_wise('CrossEntropyLoss'), noise(6, 3, scale=2e4), LABELS),
    'smoothed': (of(SMOOTH), noise(6, 3, scale=2e4), LABELS),
    'focal': (element_wise('FocalLoss'), noise(6, 3, scale=2e4), LABELS),
    'asymmetric': (
        element_wise('AsymmetricLoss'),
        noise(6, 3, scale=10.0),
        torch.eye(3)[LABELS],
    ),
    'iou': (element_wise('IoULoss'), boxes(6), boxes(6) + 50),
    'giou': (element_wise('GIoULoss'), boxes(6), boxes(6) + 50),
    'diou': (element_wise('DIoULoss'), boxes(6), boxes(6) + 50),
    'ciou': (element_wise('CIoULoss'), boxes(6), boxes(6) + 50),
    'squares': (element_wise('MSELoss'), noise(6, 8), -noise(6, 8)),
    'absolute': (element_wise('L1Loss'), noise(6, 8, scale=1.5e4), noise(6, 8)),
    'smooth absolute': (
        element_wise('SmoothL1Loss', beta=1 / 9),
        noise(6, 8, scale=1.5e4),
        noise(6, 8),
    ),
    'pixels': (
        of(dict(type='PixelReconstructionLoss', criterion='L2')),
        noise(2, 4, 8),
        -noise(2, 4, 8),
        torch.ones(2, 4),
    ),
    'cosines': (of(dict(type='CosineSimilarityLoss')), noise(6, 64), noise(6, 64) + 90),
    'correlation of features': (
        of(dict(type='CrossCorrelationLoss')),
        noise(300, 300, scale=3.0),
    ),
    'InfoNCE': (
        of(dict(type='ContrastiveHead', loss=CROSS_ENTROPY, temperature=1e-5), 'loss'),
        noise(6, 1, scale=0.5),
        noise(6, 9, scale=0.5),
    ),
    'assignment': (lambda x: distributed_sinkhorn(x, 3, 0.5), noise(6, 4, scale=2e4)),
    'disparities': (ops.regress_disparity, noise(1, 300, 2, 3, scale=5.0)),
    'concatenated': (
        lambda left, right: ops.concat_volume(left, right, 2).float(),
        noise(1, 4, 2, 5),
        noise(1, 4, 2, 5),
    ),
    'correlated': (
        lambda left, right: ops.correlation_volume(left, right, 2),
        noise(1, 4, 2, 5),
        noise(1, 4, 2, 5) + 300,
    ),
    'correlated in groups': (
        lambda left, right: ops.group_correlation_volume(left, right, 2, 2),
        noise(1, 4, 2, 5),
        noise(1, 4, 2, 5) + 300,
    ),
    'correlated rows': (
        ops.row_correlation,
        noise(1, 4, 2, 5),
        noise(1, 4, 2, 5) + 300,
    ),
    'overlaps': (ops.box_overlaps, boxes(4), boxes(4) + 50),
    'generalized mean': (lambda x: generalized_mean(x, 3.0).float(), noise(1, 4, 6, 6)),
    'generalized mean of strips': (
        lambda x: built(dict(type='GeMHPP', bin_num=[2]))(x.relu()).float(),
        noise(2, 4, 4, 6),
    ),
    'gradients': (
        lambda x: built(dict(type='HOGGenerator'))(x),
        noise(1, 3, 112, 112, scale=50.0),
    ),
    'response': (
        lambda x: built(dict(type='GRN', in_channels=4)).to(x.dtype)(x).float(),
        noise(1, 4, 16, 16, scale=1e4),
    ),
}


def halved(value):
    return value.half() if value.is_floating_point() else value


@pytest.mark.parametrize('autocast', [False, True])
@pytest.mark.parametrize('name', CASES)
def test_half_numbers_give_what_the_same_ones_give_in_float32(name, autocast):
    function, *inputs = CASES[name]
    half = [halved(value) for value in inputs]
    exact = [v.float() if v.is_floating_point() else v for v in half]
    expected = function(*exact)
    assert expected.isfinite().all() and expected.abs().max() > 0
    with torch.autocast('cpu', torch.float16, enabled=autocast):
        found = function(*half)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
