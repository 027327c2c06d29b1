"""Rules of learning rates and weight decay."""

import pytest
import torch
from torch import nn

from mmlite.engine.optimizers import DefaultOptimWrapperConstructor
from mmlite.errors import ConfigError
from mmlite.registry import OPTIM_WRAPPER_CONSTRUCTORS

SGD = dict(type='SGD', lr=1.0, weight_decay=0.1)


def net():
    model = nn.Module()
    model.backbone = nn.Sequential(
        nn.Conv2d(4, 4, 1, groups=4), nn.BatchNorm2d(4), nn.Linear(4, 2)
    )
    model.token = nn.Parameter(torch.zeros(4))
    return model


def settings(optimizer, key=None, **rules):
    """Learning rate, weight decay (or another setting) of each parameter."""
    model = net()
    constructor = DefaultOptimWrapperConstructor(dict(optimizer=optimizer), rules)
    groups = constructor(model).optimizer.param_groups
    of = {id(p): g for g in groups for p in g['params']}
    return {
        name: of[id(p)].get(key)
        if key
        else (of[id(p)]['lr'], of[id(p)]['weight_decay'])
        for name, p in model.named_parameters()
    }


def test_custom_keys_leave_the_other_rules_in_force():
    found = settings(
        SGD,
        norm_decay_mult=0.0,
        bias_decay_mult=0.5,
        bias_lr_mult=2.0,
        custom_keys={
            'backbone': dict(lr_mult=0.1),
            'backbone.2': dict(decay_mult=3.0),
            'token': dict(),
        },
    )
    assert found == {
        'token': (1.0, 0.1),
        'backbone.0.weight': (0.1, 0.1),
        'backbone.0.bias': (0.1, 0.05),
        'backbone.1.weight': (0.1, 0.0),
        'backbone.1.bias': (0.1, 0.0),
        'backbone.2.weight': (1.0, pytest.approx(0.3)),
        'backbone.2.bias': (2.0, pytest.approx(0.3)),
    }


def test_depthwise_and_flat_parameters():
    found = settings(SGD, dwconv_decay_mult=0.0, flat_decay_mult=0.5)
    assert found['backbone.0.weight'] == (1.0, 0.0)
    assert found['token'] == found['backbone.1.weight'] == (1.0, 0.05)
    assert found['backbone.2.weight'] == (1.0, 0.1)


@pytest.mark.parametrize(('kind', 'decay'), [('SGD', 0.0), ('AdamW', 0.01)])
def test_a_setting_that_is_left_out_is_the_optimizers_default(kind, decay):
    found = settings(dict(type=kind, lr=1.0), norm_decay_mult=0.5)
    assert found['backbone.1.weight'] == (1.0, decay / 2)
    assert found['backbone.2.weight'] == (1.0, decay)


def test_a_rate_is_multiplied_though_the_config_has_none():
    found = settings(dict(type='Adam'), custom_keys=dict(token=dict(lr_mult=0.1)))
    assert found['token'][0] == pytest.approx(1e-4)


def test_other_settings_go_to_the_optimizer():
    keys = dict(token=dict(momentum=0.5, lars_exclude=True))
    assert settings(SGD, 'momentum', custom_keys=keys)['token'] == 0.5
    found = settings(SGD, 'lars_exclude', custom_keys=keys)
    assert found == dict.fromkeys(found) | dict(token=True)


class NoDefault(torch.optim.SGD):
    def __init__(self, params, lr, weight_decay):
        super().__init__(params, lr, weight_decay=weight_decay)


def test_a_setting_without_any_value():
    with pytest.raises(ConfigError, match=r'optimizer\.weight_decay is missing'):
        settings(dict(type=NoDefault, lr=0.1), norm_decay_mult=0.0)


def test_a_shared_parameter_is_taken_once():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    rules = dict(bias_decay_mult=0.0)
    wrapper = DefaultOptimWrapperConstructor(dict(optimizer=SGD), rules)(model)
    assert sum(len(g['params']) for g in wrapper.optimizer.param_groups) == 3


def test_a_class_is_a_type():
    found = settings(dict(type=torch.optim.AdamW, lr=1.0), norm_decay_mult=0.0)
    assert found['backbone.1.weight'] == (1.0, 0.0)


def test_a_key_with_a_dot_is_also_of_the_model_itself():
    model = torch.nn.Linear(2, 2)
    model.inner = torch.nn.Linear(2, 2)
    rules = dict(custom_keys={'.weight': dict(lr_mult=0.1)})
    built = OPTIM_WRAPPER_CONSTRUCTORS.build(
        dict(
            type='DefaultOptimWrapperConstructor',
            optim_wrapper_cfg=dict(optimizer=dict(type='SGD', lr=1.0)),
            paramwise_cfg=rules,
        )
    )(model)
    rates = {
        id(param): group['lr']
        for group in built.optimizer.param_groups
        for param in group['params']
    }
    found = {name: rates[id(param)] for name, param in model.named_parameters()}
    assert found == {
        'weight': pytest.approx(0.1),
        'bias': 1.0,
        'inner.weight': pytest.approx(0.1),
        'inner.bias': 1.0,
    }
