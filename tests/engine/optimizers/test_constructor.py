"""Fused steps and few groups: as mmengine's many small ones, only faster."""

import copy

import pytest
import torch
from mmengine.optim import DefaultOptimWrapperConstructor as TheirConstructor
from torch import nn

from mmlite.engine.optimizers import DefaultOptimWrapperConstructor, fused_by_default
from mmlite.errors import ConfigError
from mmlite.registry import OPTIM_WRAPPER_CONSTRUCTORS

OPTIMIZERS = dict(
    sgd=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-3),
    nesterov=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
    adam=dict(type='Adam', lr=0.01, weight_decay=1e-2),
    adamw=dict(type='AdamW', lr=0.01, weight_decay=0.05, amsgrad=True),
)
PARAMWISE = dict(
    norm_decay_mult=0.0,
    bias_lr_mult=2.0,
    custom_keys={'0': dict(lr_mult=0.1)},
)


def net(layout=torch.contiguous_format):
    """In float64, as rounding errors grow where a norm makes gradients vanish."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 5, 1),
        nn.Conv2d(5, 2, 3),
    )
    model[3].weight.requires_grad_(False)
    return model.to(torch.float64, memory_format=layout)


def build(constructor, model, optimizer, paramwise=None):
    cfg = dict(optimizer=dict(optimizer))
    return constructor(cfg, paramwise and copy.deepcopy(paramwise))(model)


def train(model, wrapper, steps=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        inputs = torch.randn(2, 3, 6, 6, generator=generator).double()
        wrapper.update_params(model(inputs).square().mean() + model(inputs).mean())


def assert_same(a, b):
    for name, value in a.state_dict().items():
        torch.testing.assert_close(value, b.state_dict()[name], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize('name', OPTIMIZERS)
@pytest.mark.parametrize('paramwise', [None, PARAMWISE])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_it_steps_as_mmengine_does(name, paramwise, layout):
    ours, theirs = net(layout), net()
    wrappers = [
        build(DefaultOptimWrapperConstructor, ours, OPTIMIZERS[name], paramwise),
        build(TheirConstructor, theirs, OPTIMIZERS[name], paramwise),
    ]
    assert all(group['fused'] for group in wrappers[0].optimizer.param_groups)
    assert not any(group['fused'] for group in wrappers[1].optimizer.param_groups)
    train(ours, wrappers[0])
    train(theirs, wrappers[1])
    assert_same(ours, theirs)


def settings(constructor):
    """The learning rate and weight decay of each parameter, and the groups."""
    model = net()
    wrapper = build(constructor, model, OPTIMIZERS['sgd'], PARAMWISE)
    names = {id(p): name for name, p in model.named_parameters()}
    groups = wrapper.optimizer.param_groups
    found = {
        names[id(p)]: (group['lr'], group['weight_decay'])
        for group in groups
        for p in group['params']
    }
    return found, groups


def test_parameters_of_one_setting_share_a_group():
    found, groups = settings(DefaultOptimWrapperConstructor)
    theirs, many = settings(TheirConstructor)
    assert found == theirs
    assert len(many) == len(found)
    assert len(groups) == len(set(found.values()))


@pytest.mark.parametrize('name', OPTIMIZERS)
@pytest.mark.parametrize('paramwise', [None, PARAMWISE])
@pytest.mark.parametrize('source', ['theirs', 'ours'])
def test_it_goes_on_from_a_state(name, paramwise, source):
    """Of mmengine's groups and unfused steps, and of another memory layout."""
    constructor = dict(theirs=TheirConstructor, ours=DefaultOptimWrapperConstructor)
    straight = net()
    wrapper = build(constructor[source], straight, OPTIMIZERS[name], paramwise)
    train(straight, wrapper, 3)
    resumed = net(torch.channels_last)
    resumed.load_state_dict(straight.state_dict())
    other = build(DefaultOptimWrapperConstructor, resumed, OPTIMIZERS[name], paramwise)
    other.load_state_dict(copy.deepcopy(wrapper.state_dict()))
    assert all(group['fused'] for group in other.optimizer.param_groups)
    for parameter, state in other.optimizer.state.items():
        for value in state.values():
            if isinstance(value, torch.Tensor) and value.ndim:
                assert value.stride() == parameter.stride()
    train(straight, wrapper, 3, seed=1)
    train(resumed, other, 3, seed=1)
    assert_same(resumed, straight)


def test_groups_that_went_apart_are_refused():
    wrapper = build(TheirConstructor, net(), OPTIMIZERS['sgd'], PARAMWISE)
    state = wrapper.state_dict()
    state['param_groups'][3]['lr'] = 7.0
    other = build(DefaultOptimWrapperConstructor, net(), OPTIMIZERS['sgd'], PARAMWISE)
    with pytest.raises(ValueError, match='parameter groups'):
        other.load_state_dict(state)


@pytest.mark.parametrize('choice', [dict(fused=False), dict(foreach=True)])
def test_the_config_may_choose(choice):
    cfg = dict(OPTIMIZERS['sgd'], **choice)
    wrapper = build(DefaultOptimWrapperConstructor, net(), cfg)
    assert not wrapper.optimizer.defaults['fused']
    assert wrapper.optimizer.defaults['foreach'] == choice.get('foreach')


def test_what_has_no_fused_kernel_is_left_alone():
    sgd = dict(type='SGD', lr=0.1)
    assert 'fused' not in fused_by_default(dict(type='NAdam'), [torch.zeros(2)])
    assert 'fused' not in fused_by_default(sgd, [torch.zeros(2, device='meta')])
    assert 'fused' not in fused_by_default(sgd, [torch.zeros(2, dtype=torch.cfloat)])
    assert 'fused' not in fused_by_default(sgd, [torch.zeros(2, 3).t()])
    table = nn.Embedding(3, 2, sparse=True)
    assert 'fused' not in fused_by_default(sgd, table.parameters(), table)
    assert 'fused' in fused_by_default(dict(type=torch.optim.SGD), [torch.zeros(2)])


def test_a_sparse_table_trains():
    torch.manual_seed(0)
    table = nn.Embedding(3, 2, sparse=True)
    wrapper = build(DefaultOptimWrapperConstructor, table, dict(type='SGD', lr=1.0))
    before = table.weight.detach().clone()
    wrapper.update_params(table(torch.tensor([1])).sum())
    before[1] -= 1
    torch.testing.assert_close(table.weight.detach(), before)


def test_it_has_the_name_of_mmengines():
    name = 'DefaultOptimWrapperConstructor'
    assert OPTIM_WRAPPER_CONSTRUCTORS.get(name) is DefaultOptimWrapperConstructor


def test_an_unknown_optimizer_is_named_before_its_settings():
    for paramwise in ({}, dict(norm_decay_mult=0.0)):
        build = DefaultOptimWrapperConstructor(
            dict(optimizer=dict(type='AdamV', lr=1)), paramwise
        )
        with pytest.raises(ConfigError, match="optimizer: unknown type 'AdamV'; did"):
            build(nn.Linear(2, 2))
