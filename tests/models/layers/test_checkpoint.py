import copy

import pytest
import torch
from torch import nn

from mmlite.models.layers import DropPath, checkpointed


class Block(nn.Sequential):
    with_cp = False

    def forward(self, x):
        plain = super().forward
        return checkpointed(self, plain, x) if self.with_cp else plain(x)


def block(**kwargs):
    return Block(
        nn.Conv2d(3, 8, 1),
        nn.InstanceNorm2d(8, track_running_stats=True),
        nn.BatchNorm2d(8, **kwargs),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        DropPath(0.5),
        nn.Conv2d(8, 2, 1),
    )


def step(model, x, with_cp):
    model.with_cp = with_cp
    torch.manual_seed(3)
    out = model(x)
    out.square().sum().backward()
    return out


@pytest.mark.parametrize('momentum', [0.1, None])
@pytest.mark.parametrize('needs_grad', [True, False])
def test_outputs_gradients_and_statistics_are_those_of_a_plain_call(
    momentum, needs_grad
):
    plain = block(momentum=momentum)
    saving = copy.deepcopy(plain)
    x = torch.randn(6, 3, 4, 4)
    inputs = [x.clone().requires_grad_(needs_grad) for _ in range(2)]
    for _ in range(2):
        out = step(plain, inputs[0], with_cp=False)
        saved = step(saving, inputs[1], with_cp=True)
        torch.testing.assert_close(saved, out)
    for one, other in zip(plain.parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad)
    if needs_grad:
        torch.testing.assert_close(inputs[1].grad, inputs[0].grad)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(saving.state_dict()[name], value)
    assert saving[2].momentum == momentum


def test_statistics_rest_in_evaluation():
    model = block().eval()
    before = copy.deepcopy(model.state_dict())
    step(model, torch.randn(2, 3, 4, 4), with_cp=True)
    torch.testing.assert_close(model.state_dict(), before)


def test_no_second_call_without_gradient():
    calls = []

    def function(x):
        calls.append(1)
        return x

    with torch.no_grad():
        checkpointed(nn.Identity(), function, torch.ones(1))
    assert len(calls) == 1
