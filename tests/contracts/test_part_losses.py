"""What every loss of the logits of parts promises."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import PART_LOSSES, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

LABELS = torch.tensor([0, 3, 1, 1])
for_each_loss = pytest.mark.parametrize('name', names_of('losses', 'PartLoss'))


def build(name, **changes):
    args = arguments_of(name, PART_LOSSES, 'PART_LOSSES')
    return MODELS.build(dict(args, type=name, **changes))


def logits():
    return torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))


@for_each_loss
def test_loss_and_gradient_are_finite(name):
    for x in (logits(), torch.zeros(4, 5, 3), 1e3 * logits()):
        x.requires_grad_()
        loss = build(name)(x, LABELS)[0].mean()
        loss.backward()
        assert loss.isfinite() and x.grad.isfinite().all()


@for_each_loss
def test_it_is_the_mean_over_the_parts(name):
    loss = build(name)
    each = [loss(part, LABELS)[0].mean() for part in logits().unbind(2)]
    torch.testing.assert_close(loss(logits(), LABELS)[0].mean(), sum(each) / 3)


@for_each_loss
def test_half_precision_logits_are_accepted(name):
    loss = build(name)
    expected = loss(logits(), LABELS)[0].mean().item()
    found = loss(logits().bfloat16(), LABELS)[0].mean().item()
    assert found == pytest.approx(expected, rel=0.05)


@for_each_loss
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
