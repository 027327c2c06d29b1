"""Losses that compare prediction and ground truth element by element."""

import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.models.losses import WeightedLoss
from mmlite.registry import MODELS

PRED = torch.tensor([[0.0, 1.0, -3.0], [2.0, 0.2, 5.0]])
TARGET = torch.tensor([[0.5, 1.0, 1.0], [-1.0, 0.0, 4.0]])


def smooth(d, beta):
    return d * d / (2 * beta) if d < beta else d - beta / 2


LOSSES = {
    'l1': (dict(type='L1Loss'), lambda d: d),
    'mse': (dict(type='MSELoss'), lambda d: d * d),
    'smooth': (dict(type='SmoothL1Loss'), lambda d: smooth(d, 1)),
    'smooth2': (dict(type='SmoothL1Loss', beta=2.0), lambda d: smooth(d, 2)),
}
each_loss = pytest.mark.parametrize(('cfg', 'formula'), LOSSES.values(), ids=LOSSES)


def by_hand(formula):
    pairs = zip(PRED.flatten().tolist(), TARGET.flatten().tolist(), strict=True)
    return [formula(abs(p - t)) for p, t in pairs]


@each_loss
def test_reductions(cfg, formula):
    each = by_hand(formula)
    loss = MODELS.build(dict(cfg, loss_weight=2.0))
    assert loss(PRED, TARGET).item() == pytest.approx(2 * sum(each) / 6)
    got = loss(PRED, TARGET, reduction_override='none')
    assert got.flatten().tolist() == pytest.approx([2 * x for x in each])
    got = loss(PRED, TARGET, reduction_override='sum')
    assert got.item() == pytest.approx(2 * sum(each))
    got = loss(PRED, TARGET, avg_factor=2)
    assert got.item() == pytest.approx(sum(each))


@each_loss
def test_weight_per_sample(cfg, formula):
    each = by_hand(formula)
    loss = MODELS.build(dict(cfg, reduction='sum'))
    got = loss(PRED, TARGET, weight=torch.tensor([1.0, 0.5]))
    assert got.item() == pytest.approx(sum(each[:3]) + sum(each[3:]) / 2)


@each_loss
def test_shapes_are_not_broadcast(cfg, formula):
    with pytest.raises(DataError, match=r'got \(2, 3\) and \(2, 1\)'):
        MODELS.build(cfg)(PRED, TARGET[:, :1])


@each_loss
def test_class_indices(cfg, formula):
    with pytest.raises(DataError, match='for class indices, use CrossEntropyLoss'):
        MODELS.build(cfg)(PRED, torch.tensor([0, 2]))


@each_loss
def test_no_elements(cfg, formula):
    assert MODELS.build(cfg)(PRED[:0], TARGET[:0]).item() == 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@each_loss
def test_half_precision(cfg, formula, dtype):
    got = MODELS.build(cfg)(PRED.to(dtype), TARGET.to(dtype))
    assert got.dtype == torch.float32  # a half has no room for sums
    assert got.item() == pytest.approx(sum(by_hand(formula)) / 6, rel=2e-2)


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='L1Loss', reduction='avg'), "got 'avg'"),
        (dict(type='SmoothL1Loss', beta=0), 'beta must be positive, got 0'),
    ],
)
def test_wrong_arguments(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(cfg)


def test_unknown_override():
    with pytest.raises(ValueError, match="got 'avg'"):
        MODELS.build(dict(type='L1Loss'))(PRED, TARGET, reduction_override='avg')


def test_a_subclass_defines_compute():
    with pytest.raises(NotImplementedError, match='Mine has to define compute'):
        type('Mine', (WeightedLoss,), {})()(PRED, TARGET)


@pytest.mark.parametrize(
    'cfg',
    [
        dict(type='FocalLoss', gamma=0.5),
        dict(type='AsymmetricLoss', gamma_pos=0.5, gamma_neg=0.1),
        dict(type='AsymmetricLoss', gamma_neg=0.5, clip=None, use_sigmoid=False),
    ],
)
def test_exponents_below_1_have_finite_gradients(cfg):
    """Where a score is exactly right, a root has no slope, but the loss is 0."""
    pred = torch.tensor([[200.0, -200.0, 1.0]], requires_grad=True)
    target = torch.tensor([[1.0, 0.0, 1.0]])
    MODELS.build(cfg)(pred, target).backward()
    assert pred.grad.isfinite().all()
    right = MODELS.build(dict(cfg, reduction='none'))(pred[:, :2], target[:, :2])
    assert right.abs().max() < 1e-6
