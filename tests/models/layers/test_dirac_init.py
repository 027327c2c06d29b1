from __future__ import annotations

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from mmlite.config.models import check_model
from mmlite.models.layers import DiracInit, dirac_init
from mmlite.registry import WEIGHT_INITIALIZERS


@pytest.mark.parametrize(('inputs', 'outputs'), [(4, 4), (4, 7), (4, 3)])
@pytest.mark.parametrize('kernel_size', [1, 3, 5])
def test_the_first_filters_are_the_identity(inputs, outputs, kernel_size):
    conv = nn.Conv2d(inputs, outputs, kernel_size, padding=kernel_size // 2)
    dirac_init(conv)
    x = torch.rand(2, inputs, 6, 5)
    same = min(inputs, outputs)
    assert torch.equal(conv(x)[:, :same], x[:, :same])
    assert not conv.bias.any()


def test_the_other_filters_are_random():
    conv = nn.Conv2d(4, 9, 3)
    dirac_init(conv)
    bound = (4 * 9) ** -0.5  # of torch's own start
    rest = conv.weight[4:]
    assert rest.unique().numel() == rest.numel()
    assert 0.9 * bound < rest.abs().max() <= bound


def test_groups():
    conv = nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False)
    dirac_init(conv)
    x = torch.rand(1, 4, 5, 5)
    assert torch.equal(conv(x)[:, [0, 1, 3, 4]], x)


class Net(BaseModule):
    def __init__(self, init_cfg: dict | list | None) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(2, 2, 1)
        self.deeper = nn.Sequential(nn.Conv1d(2, 2, 1), nn.Linear(2, 2))


def is_identity(layer: nn.Module) -> bool:
    return torch.equal(layer.weight.flatten(1), torch.eye(2))


def test_only_named_layers_are_initialised():
    net = Net(dict(type='Dirac', layer='Conv2d'))
    net.init_weights()
    assert is_identity(net.conv) and not is_identity(net.deeper[0])
    net = Net(dict(type='Dirac', layer=('Conv1d', 'Conv2d', 'Linear')))
    net.init_weights()
    assert is_identity(net.conv) and is_identity(net.deeper[0])
    assert not is_identity(net.deeper[1])


def test_a_subclass_is_meant_too():
    net = nn.Sequential(type('MyConv', (nn.Conv2d,), {})(2, 2, 1))
    DiracInit(layer='Conv2d')(net)
    assert is_identity(net[0])


def test_override_names_one_part():
    override = dict(type='Dirac', name='conv')
    net = Net(dict(type='Constant', val=1, layer='Linear', override=override))
    net.init_weights()
    assert is_identity(net.conv)


def test_it_is_known_to_the_check_of_configs():
    assert WEIGHT_INITIALIZERS.get('Dirac') is DiracInit
    cfg = dict(type='AirbenchNet', init_cfg=dict(type='Dirac', layers='Conv2d'))
    (problem,) = check_model(cfg).problems
    assert "did you mean 'layer'" in str(problem)
