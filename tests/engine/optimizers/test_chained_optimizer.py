from __future__ import annotations

import pytest
import torch
from mmengine.optim import MultiStepLR
from torch import nn

from mmlite.engine import ChainedOptimizer, OptimWrapper


def two_layers() -> tuple[nn.Linear, nn.Linear]:
    torch.manual_seed(0)
    return nn.Linear(3, 3), nn.Linear(3, 3)


def optimizers_of(layers) -> list[torch.optim.Optimizer]:
    first = torch.optim.SGD(layers[0].parameters(), lr=0.1, momentum=0.9)
    return [first, torch.optim.Adam(layers[1].parameters(), lr=0.01)]


def train(layers, step, zero_grad, count=3) -> None:
    for _ in range(count):
        zero_grad()
        layers[1](layers[0](torch.ones(2, 3))).square().sum().backward()
        step()


def assert_equal(a, b) -> None:
    for ours, theirs in zip(a, b, strict=True):
        torch.testing.assert_close(ours.weight, theirs.weight, rtol=0, atol=0)


def test_it_does_what_each_does():
    alone, together = two_layers(), two_layers()
    apart = optimizers_of(alone)
    train(
        alone,
        lambda: [opt.step() for opt in apart],
        lambda: [opt.zero_grad() for opt in apart],
    )
    chained = ChainedOptimizer(optimizers_of(together))
    train(together, chained.step, chained.zero_grad)
    assert_equal(alone, together)


def test_no_group_is_given_settings_of_another():
    chained = ChainedOptimizer(optimizers_of(two_layers()))
    first, second = chained.param_groups
    assert 'betas' not in first and 'momentum' not in second
    assert chained.defaults['momentum'] == 0.9


def test_schedulers_reach_both_also_after_a_resume():
    layers = two_layers()
    chained = ChainedOptimizer(optimizers_of(layers))
    chained.load_state_dict(ChainedOptimizer(optimizers_of(layers)).state_dict())
    schedule = MultiStepLR(OptimWrapper(chained), milestones=[1], gamma=0.5)
    schedule.optimizer.step()
    schedule.step()
    rates = [o.param_groups[0]['lr'] for o in chained.optimizers]
    assert rates == pytest.approx([0.05, 0.005])


def test_resumed_is_the_same_as_never_stopped():
    one, two = two_layers(), two_layers()
    chained = ChainedOptimizer(optimizers_of(one))
    train(one, chained.step, chained.zero_grad, count=4)
    chained = ChainedOptimizer(optimizers_of(two))
    train(two, chained.step, chained.zero_grad, count=2)
    state = chained.state_dict()
    chained = ChainedOptimizer(optimizers_of(two))
    chained.load_state_dict(state)
    train(two, chained.step, chained.zero_grad, count=2)
    assert_equal(one, two)


def test_a_closure_is_called_once():
    layers = two_layers()
    calls = []

    def closure():
        loss = layers[1](layers[0](torch.ones(1, 3))).sum()
        loss.backward()
        calls.append(loss)
        return loss

    assert ChainedOptimizer(optimizers_of(layers)).step(closure) is calls[0]
    assert len(calls) == 1


def test_the_state_of_other_optimizers_is_refused():
    chained = ChainedOptimizer(optimizers_of(two_layers()))
    with pytest.raises(ValueError, match='states of 2 optimizers, got 0'):
        chained.load_state_dict(
            torch.optim.SGD(nn.Linear(1, 1).parameters()).state_dict()
        )
