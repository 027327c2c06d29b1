"""What every head for pretraining promises: a loss of what it is given."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import PRETRAIN_HEADS, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

for_each_head = pytest.mark.parametrize('name', names_of('heads', 'PretrainHead'))


def case_of(name):
    return arguments_of(name, PRETRAIN_HEADS, 'PRETRAIN_HEADS')


def build(name, **changes):
    torch.manual_seed(0)
    return MODELS.build(dict(case_of(name).args, type=name, **changes))


@for_each_head
def test_losses_are_scalars_that_reach_every_parameter(name):
    head = build(name).train()
    inputs = [torch.rand(shape) for shape in case_of(name).inputs]
    inputs[0].requires_grad_()
    losses = head.loss(*inputs)
    if isinstance(losses, tuple):
        losses = {f'loss_{i}': loss for i, loss in enumerate(losses)}
    losses = losses if isinstance(losses, dict) else dict(loss=losses)
    named = [value for key, value in losses.items() if 'loss' in key]
    assert named and all(v.ndim == 0 and v.isfinite() for v in named)
    sum(named).backward()
    for tensor in (inputs[0], *head.parameters()):
        assert tensor.grad.isfinite().all()


@for_each_head
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
