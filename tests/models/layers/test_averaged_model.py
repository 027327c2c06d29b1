"""The averages against mmengine's, which update tensor by tensor."""

import copy

import mmengine.model as theirs
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmlite.models.layers import (
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
)
from mmlite.registry import MODELS

KINDS = (ExponentialMovingAverage, MomentumAnnealingEMA, StochasticWeightAverage)


class Net(nn.Module):
    """Parameters of two dtypes, buffers that change in place and ones replaced."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 4)
        self.bn = nn.BatchNorm1d(4)
        self.wide = nn.Parameter(torch.randn(3, dtype=torch.float64))
        self.register_buffer('centre', torch.zeros(4))
        self.register_buffer('passing', torch.zeros(2), persistent=False)

    def forward(self, x):
        x = self.bn(self.fc(x))
        self.centre = 0.9 * self.centre + x.mean(0).detach()
        self.passing = self.passing + 1
        return x.sum() + self.wide.sum()


def train(model, averages, steps=50):
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        loss = model(torch.randn(6, 5, generator=generator))
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.05 * (p.grad + torch.randn(p.shape, generator=generator))
                p.grad = None
        for average in averages:
            average.update_parameters(model)


def assert_same(ours, others):
    a, b = ours.state_dict(), others.state_dict()
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-6, atol=1e-6)
    for here, there in zip(ours.buffers(), others.buffers(), strict=True):
        assert torch.equal(here, there) or torch.allclose(here, there)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('update_buffers', [False, True])
@pytest.mark.parametrize('interval', [1, 3])
def test_fifty_steps_as_mmengine(kind, update_buffers, interval):
    torch.manual_seed(0)
    model = Net()
    options = dict(interval=interval, update_buffers=update_buffers)
    pair = [
        kind(model, **options),
        getattr(theirs, kind.__name__)(model, **options),
    ]
    train(model, pair)
    assert_same(*pair)
    assert pair[0].steps == 50


@pytest.mark.parametrize('kind', KINDS)
def test_it_goes_on_from_a_state(kind):
    """Also one of mmengine's, whose names are the same."""
    model = Net()
    straight = getattr(theirs, kind.__name__)(model)
    train(model, [straight], 20)
    resumed = kind(Net())
    resumed.update_parameters(model)  # what comes before loading leaves no trace
    resumed.load_state_dict(straight.state_dict())
    train(model, [straight, resumed], 5)
    assert_same(resumed, straight)


def test_a_copy_stands_alone():
    model = Net()
    average = ExponentialMovingAverage(model, momentum=0.3)
    train(model, [average], 3)
    copied = copy.deepcopy(average)
    before = copy.deepcopy(average.state_dict())
    train(model, [copied], 3)
    assert all(torch.equal(v, before[k]) for k, v in average.state_dict().items())
    train(model, [average], 1)
    assert copied.steps == 6
    assert average.steps == 4


def test_weights_with_two_names_are_averaged_once():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    average = ExponentialMovingAverage(model, momentum=0.5, update_buffers=True)
    first = model[0].weight.detach().clone()
    average.update_parameters(model)
    with torch.no_grad():
        model[0].weight.zero_()
    average.update_parameters(model)
    torch.testing.assert_close(average.module[1].weight.detach(), first / 2)


def test_it_follows_to_another_precision():
    model = nn.Linear(2, 2)
    average = ExponentialMovingAverage(model, momentum=0.5)
    average.update_parameters(model)
    model.double()
    average.double()
    average.update_parameters(model)
    assert average.module.weight.dtype == torch.float64
    torch.testing.assert_close(average.module.weight, model.weight.detach())


def test_a_function_of_ones_own_is_called():
    class Last(ExponentialMovingAverage):
        def avg_func(self, averaged_param, source_param, steps):
            averaged_param.copy_(source_param)

    model = Net()
    average = Last(model)
    train(model, [average], 3)
    torch.testing.assert_close(average.module.fc.weight, model.fc.weight.detach())


def test_nothing_is_read_from_the_device():
    class CountReads(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.count += func is torch.ops.aten._local_scalar_dense.default
            return func(*args, **(kwargs or {}))

    model = Net()
    averages = [kind(model) for kind in KINDS]
    train(model, averages, 2)
    with CountReads() as reads:
        for average in averages:
            average.update_parameters(model)
    assert reads.count == 0


def test_they_stand_under_the_names_of_mmengine():
    for kind in KINDS:
        assert MODELS.get(kind.__name__) is kind
        assert issubclass(kind, theirs.BaseAveragedModel)


@pytest.mark.parametrize(
    ('kind', 'options', 'message'),
    [
        (
            ExponentialMovingAverage,
            dict(momentum=1.0),
            r'must lie in \(0, 1\), got 1.0',
        ),
        (ExponentialMovingAverage, dict(interval=0), 'at least 1, got 0'),
        (MomentumAnnealingEMA, dict(gamma=0), 'greater than 0, got 0'),
    ],
)
def test_wrong_settings(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(nn.Linear(1, 1), **options)
