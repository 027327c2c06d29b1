"""What every loss for pretraining promises: a scalar that reaches the prediction."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import OWN_LOSSES, PRETRAIN_LOSSES, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

NAMES = [name for name in names_of('losses', 'PretrainLoss') if name not in OWN_LOSSES]
for_each_loss = pytest.mark.parametrize('name', NAMES)


def case_of(name):
    return arguments_of(name, PRETRAIN_LOSSES, 'PRETRAIN_LOSSES')


def build(name, **changes):
    return MODELS.build(dict(case_of(name).args, type=name, **changes))


@for_each_loss
def test_it_is_a_scalar_that_reaches_the_prediction(name):
    torch.manual_seed(0)
    inputs = [torch.rand(shape) for shape in case_of(name).inputs]
    inputs[0].requires_grad_()
    loss = build(name)(*inputs)
    assert loss.ndim == 0 and loss.isfinite()
    loss.backward()
    assert inputs[0].grad.isfinite().all() and inputs[0].grad.any()


@for_each_loss
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
