from __future__ import annotations

import pytest
import torch
from support.training import toy_runner
from torch import nn

from mmlite.engine import Muon, MuonOptimWrapperConstructor
from mmlite.errors import ConfigError

MUON = dict(type='Muon', lr=0.02, weight_decay=0.1)
SGD = dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=0.01)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(5, 4)
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.hidden = nn.Linear(4, 4)
        self.head = nn.Linear(4, 2)


def groups(**paramwise_cfg) -> dict[str, tuple]:
    """Optimizer, learning rate and weight decay of each parameter of a net."""
    net = Net()
    constructor = MuonOptimWrapperConstructor(
        dict(optimizer=MUON), dict(dict(others=SGD), **paramwise_cfg)
    )
    chained = constructor(net).optimizer
    names = {parameter: name for name, parameter in net.named_parameters()}
    found = {}
    for optimizer in chained.optimizers:
        for group in optimizer.param_groups:
            for parameter in group['params']:
                kind = type(optimizer).__name__
                found[names[parameter]] = (kind, group['lr'], group['weight_decay'])
    assert found.keys() == set(names.values())
    return found


def test_matrices_and_the_rest():
    found = groups()
    matrices = {name for name, (kind, *_) in found.items() if kind == 'Muon'}
    assert matrices == {'conv.weight', 'hidden.weight', 'head.weight'}
    assert {found[name] for name in matrices} == {('Muon', 0.02, 0.1)}
    assert {found[name] for name in found.keys() - matrices} == {('SGD', 0.4, 0.01)}


def test_custom_keys_exclude_and_multiply():
    found = groups(
        custom_keys={
            'head': dict(muon=False, lr_mult=2.0, decay_mult=0.5),
            'conv': dict(lr_mult=3.0),
        }
    )
    assert found['head.weight'] == pytest.approx(('SGD', 0.8, 0.005))
    assert found['conv.weight'] == pytest.approx(('Muon', 0.06, 0.1))
    assert found['conv.bias'] == pytest.approx(('SGD', 1.2, 0.01))


def test_multipliers_apply_to_the_own_optimizer():
    found = groups(bias_lr_mult=2.0, norm_decay_mult=0.0)
    assert found['hidden.bias'] == ('SGD', 0.8, 0.01)
    assert found['norm.bias'] == ('SGD', 0.4, 0.0)
    assert found['hidden.weight'] == ('Muon', 0.02, 0.1)


def test_parameters_with_equal_settings_share_a_group():
    constructor = MuonOptimWrapperConstructor(
        dict(optimizer=MUON), dict(others=SGD, bias_lr_mult=2.0)
    )
    counts = [
        len(group['params']) for group in constructor(Net()).optimizer.param_groups
    ]
    # Muon's three; the embedding and the norm; the other biases.
    assert counts == [3, 3, 3]


def test_the_other_optimizer_steps_fused_unless_asked_otherwise():
    for options, fused in ((dict(), True), (dict(foreach=True), None)):
        constructor = MuonOptimWrapperConstructor(
            dict(optimizer=MUON), dict(others=dict(SGD, **options))
        )
        _, others = constructor(Net()).optimizer.optimizers
        assert others.defaults['fused'] is fused


@pytest.mark.parametrize(
    ('optimizer', 'paramwise_cfg', 'message'),
    [
        (MUON, None, 'paramwise_cfg.others is missing'),
        (MUON, dict(others=dict(type='SDG')), 'paramwise_cfg.others: .* mean .SGD'),
        (
            MUON,
            dict(others=dict(lr=1)),
            'paramwise_cfg.others: the key type is missing',
        ),
        (MUON, dict(others=dict(SGD, lrr=1)), "paramwise_cfg.others: .*'lr'"),
        (dict(MUON, ns_step=1), dict(others=SGD), "optimizer: .*'ns_steps'"),
        (
            MUON,
            dict(others=dict(type='SGD', lr=1.0), bias_decay_mult=0.0),
            'paramwise_cfg.others.weight_decay is missing, though',
        ),
        (
            MUON,
            dict(others=SGD, custom_keys={'': dict(muon=False)}),
            'no matrices to train',
        ),
    ],
)
def test_mistakes_name_their_place(optimizer, paramwise_cfg, message):
    with pytest.raises(ValueError, match=message):
        MuonOptimWrapperConstructor(dict(optimizer=optimizer), paramwise_cfg)(Net())


TOY = dict(
    optim_wrapper=dict(
        constructor='MuonOptimWrapperConstructor',
        optimizer=dict(type='Muon', lr=0.1, weight_decay=0.0),
        paramwise_cfg=dict(
            others=dict(type='AdamW', lr=0.05), custom_keys=dict(head=dict(muon=False))
        ),
        clip_grad=dict(max_norm=10.0),
    ),
    param_scheduler=dict(type='MultiStepLR', by_epoch=False, milestones=[6, 9]),
)


def test_a_config_trains_with_it_and_is_resumed(tmp_path):
    runner = toy_runner(tmp_path / 'a', **TOY)
    runner.train()
    assert isinstance(runner.optim_wrapper.optimizer.optimizers[0], Muon)
    assert runner.val()['toy/acc'] > 50
    short = dict(TOY, train_cfg=dict(by_epoch=True, max_epochs=2))
    toy_runner(tmp_path / 'b', **short).train()
    resumed = toy_runner(tmp_path / 'b', resume=True, **TOY)
    resumed.train()
    for ours, theirs in zip(
        resumed.model.state_dict().values(),
        runner.model.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(ours, theirs)


def test_mistakes_of_a_config_name_the_section(tmp_path):
    cfg = dict(TOY['optim_wrapper'], paramwise_cfg=dict(others=dict(type='AdamV')))
    with pytest.raises(
        ConfigError, match=r'optim_wrapper.paramwise_cfg.others: unknown type .AdamV.'
    ):
        toy_runner(tmp_path, optim_wrapper=cfg, param_scheduler=None).train()
