"""What every loss per element promises: how weights and reduction act."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import LOSSES, arguments_of, names_of
from torch.nn import functional as F

from mmlite.errors import ConfigError, UserError
from mmlite.registry import MODELS

BATCH, CLASSES = 6, 5
WEIGHT = torch.tensor([0.0, 1.0, 0.5, 2.0, 0.0, 3.0])


PLACES = [
    pytest.param(name, place, id=f'{name}-{place}')
    for name in names_of('losses', 'ElementwiseLoss')
    for place in range(len(LOSSES.get(name, [None])))
]
for_each_loss = pytest.mark.parametrize(('name', 'place'), PLACES)


def case_of(name, place):
    return arguments_of(name, LOSSES, 'LOSSES')[place]


def build(name, place, **changes):
    args = dict(case_of(name, place).args, type=name, **changes)
    return MODELS.build(args).eval()  # some count what they see in training


def boxes(generator):
    """Boxes around one place, so that all of them overlap."""
    corners = torch.rand(BATCH, 4, generator=generator)
    return corners + torch.tensor([-1.5, -1.5, 1.0, 1.0])


def inputs(name, place):
    generator = torch.Generator().manual_seed(0)
    if case_of(name, place).target == 'boxes':
        return boxes(generator), boxes(generator)
    pred = torch.randn(BATCH, CLASSES, generator=generator)
    other = torch.randn(BATCH, CLASSES, generator=generator)
    target = {
        'labels': torch.arange(BATCH) % CLASSES,
        'scores': other.softmax(dim=1),
        'multi_hot': (other > 0).float(),
        'dense': other,
    }[case_of(name, place).target]
    return pred, target


def elements(name, place):
    """The loss of every element, ``(B, *)``."""
    values = build(name, place)(*inputs(name, place), reduction_override='none')
    assert values.shape[0] == BATCH
    return values


def weighted(values):
    return values * WEIGHT.view(-1, *[1] * (values.ndim - 1))


def assert_is(result, expected):
    assert result.ndim == 0
    torch.testing.assert_close(result, expected)


@for_each_loss
@pytest.mark.parametrize('reduction', ['mean', 'sum', 'none'])
def test_reduction(name, place, reduction):
    values = elements(name, place)
    expected = {'mean': values.mean(), 'sum': values.sum(), 'none': values}[reduction]
    pred, target = inputs(name, place)
    for loss in (
        build(name, place, reduction=reduction)(pred, target),
        build(name, place)(pred, target, reduction_override=reduction),
    ):
        torch.testing.assert_close(loss, expected)


@for_each_loss
def test_the_mean_is_the_default(name, place):
    loss = build(name, place)(*inputs(name, place))
    assert_is(loss, elements(name, place).mean())


@for_each_loss
def test_weight_multiplies_each_sample(name, place):
    values, (pred, target) = weighted(elements(name, place)), inputs(name, place)
    loss = build(name, place)
    none = loss(pred, target, weight=WEIGHT, reduction_override='none')
    torch.testing.assert_close(none, values)
    assert_is(loss(pred, target, weight=WEIGHT), values.mean())
    total = loss(pred, target, weight=WEIGHT, reduction_override='sum')
    assert_is(total, values.sum())


@for_each_loss
@pytest.mark.parametrize('avg_factor', [7, 2.5, torch.tensor(4.0)])
def test_avg_factor_divides_the_sum(name, place, avg_factor):
    values, (pred, target) = weighted(elements(name, place)), inputs(name, place)
    loss = build(name, place)
    result = loss(pred, target, weight=WEIGHT, avg_factor=avg_factor)
    assert_is(result, values.sum() / avg_factor)
    none = loss(pred, target, avg_factor=avg_factor, reduction_override='none')
    torch.testing.assert_close(none, elements(name, place))


@for_each_loss
def test_avg_factor_of_a_sum_is_refused(name, place):
    with pytest.raises(ValueError, match='avg_factor'):
        build(name, place)(*inputs(name, place), avg_factor=2, reduction_override='sum')


@for_each_loss
def test_loss_weight_multiplies_the_result(name, place):
    loss = build(name, place, loss_weight=2.5)(*inputs(name, place))
    assert_is(loss, 2.5 * elements(name, place).mean())


@for_each_loss
def test_unknown_reductions_are_refused(name, place):
    with pytest.raises(ConfigError, match='average'):
        build(name, place, reduction='average')
    with pytest.raises(ValueError, match='average'):
        build(name, place)(*inputs(name, place), reduction_override='average')


@for_each_loss
@pytest.mark.parametrize('size', [1.0, 1e3])
def test_loss_and_gradient_are_finite(name, place, size):
    pred, target = inputs(name, place)
    pred = (pred * size).requires_grad_()
    loss = build(name, place)(pred, target)
    loss.backward()
    assert loss.isfinite()
    assert pred.grad.isfinite().all()
    assert pred.grad.abs().sum() > 0


@for_each_loss
def test_the_gradient_is_the_slope(name, place):
    pred, target = inputs(name, place)
    pred = pred.double().requires_grad_()
    if target.is_floating_point():
        target = target.double()
    loss = build(name, place).double()
    assert torch.autograd.gradcheck(lambda x: loss(x, target), pred)


@for_each_loss
def test_half_precision_predictions_are_accepted(name, place):
    pred, target = inputs(name, place)
    loss = build(name, place)(pred.bfloat16(), target)
    assert loss.item() == pytest.approx(elements(name, place).mean().item(), rel=0.05)


@for_each_loss
def test_a_better_prediction_costs_less(name, place):
    pred, target = inputs(name, place)
    aim = F.one_hot(target, CLASSES).float() if target.ndim == 1 else target
    if case_of(name, place).target in ('labels', 'multi_hot'):
        aim = 4 * aim - 2  # logits, on the right side of 0
    loss = build(name, place)
    if case_of(name, place).target == 'scores':
        aim = aim.log()
    costs = [loss(torch.lerp(pred, aim, part), target) for part in (0, 0.4, 0.8)]
    assert costs[0] > costs[1] > costs[2]


@for_each_loss
def test_shapes_that_do_not_fit_are_refused(name, place):
    pred, target = inputs(name, place)
    with pytest.raises((UserError, ValueError)):
        build(name, place)(pred, target[:-1])
