"""Optimizers, schedules and hooks give the numbers of mmpretrain.

Parameters and gradients are drawn by name. Where mmpretrain has a fault, the case is
left out: Adan's ``no_prox`` with ``foreach``, negative rates of LARS, margins of
classes of equal size, statistics of less than a batch.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.runner import EpochBasedTrainLoop
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from mmlite.engine.hooks import PreciseBNHook, SetAdaptiveMarginsHook
from mmlite.registry import (
    HOOKS,
    MODELS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
)

GOLDEN = json.loads(Path(__file__).with_name('mmpretrain_engine.json').read_text())
SHAPES = dict(p0=(3, 2), p1=(3,), p2=(2, 1, 2, 2), p3=(1,))


def drawn(name, *shape):
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return torch.from_numpy(rng.standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize('case', GOLDEN['optimizers'], ids=lambda c: c['cfg']['type'])
def test_an_optimizer_steps_as_the_peers(case):
    zero = case.get('parameters_that_start_at_zero', ())
    without = case.get('gradient_None_for', ())
    parameters = {
        name: nn.Parameter(torch.zeros(s) if name in zero else drawn(name, *s))
        for name, s in SHAPES.items()
    }
    given = list(parameters.values())
    if 'groups' in case:
        pairs = zip(given, case['groups'], strict=True)
        given = [dict(settings, params=[p]) for p, settings in pairs]
    optimizer = OPTIMIZERS.build(dict(case['cfg'], params=given))
    for step in range(5):
        for name, parameter in parameters.items():
            gradient = drawn(f'g.{name}.{step}', *SHAPES[name])
            gradient *= case.get('gradient_scale', 1)
            parameter.grad = None if name in without else gradient
        if 'lr_before_each_step' in case:
            for group in optimizer.param_groups:
                group['lr'] = case['lr_before_each_step'][step]
        optimizer.step()
        if step in (0, 4):
            expected = case['first' if step == 0 else 'last']
            for parameter, values in zip(parameters.values(), expected, strict=True):
                torch.testing.assert_close(
                    parameter.detach().flatten(),
                    torch.tensor(values),
                    rtol=2e-5,
                    atol=2e-6,
                )


@pytest.mark.parametrize('case', GOLDEN['layer_decay'], ids=str)
def test_rates_by_layer_are_the_peers(case):
    model = MODELS.build(case['model'])
    constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
        dict(
            type='LearningRateDecayOptimWrapperConstructor',
            optim_wrapper_cfg=dict(optimizer=dict(type='AdamW', lr=1, weight_decay=1)),
            paramwise_cfg=case['paramwise_cfg'],
        )
    )
    groups = constructor(model).optimizer.param_groups
    of = {id(p): g for g in groups for p in g['params']}
    found = {
        name: [of[id(p)][key] for key in ('lr', 'weight_decay', 'layer_id')]
        for name, p in model.named_parameters()
    }
    assert found == {n: pytest.approx(v) for n, v in case['parameters'].items()}


@pytest.mark.parametrize('case', GOLDEN['layer_ids'], ids=lambda c: c['name'])
def test_parameters_lie_as_deep_as_the_peers(case):
    """But for the distillation token and shared position biases.

    In the peer these two have the rates of the last layer.
    """
    backbone = MODELS.build(case['model']).backbone
    found = [
        backbone.get_layer_depth(f'backbone.{name}', 'backbone.')[0]
        for name, parameter in backbone.named_parameters()
        if parameter.requires_grad
    ]
    expected = [depth for depth, count in case['runs'] for _ in range(count)]
    assert found == expected[: len(found)]


def test_layers_of_hivit_have_rates_of_their_own():
    """In the peer all of them have that of the last layer."""
    arch = dict(embed_dims=32, depths=[1, 1, 2], num_heads=2)
    cfg = dict(type='HiViT', arch=arch, img_size=64, inner_patches=4, ape=True)
    backbone = MODELS.build(cfg)
    for name, _ in backbone.named_parameters():
        depth, count = backbone.get_layer_depth(f'backbone.{name}', 'backbone.')
        if name.startswith('blocks.'):
            assert depth == int(name.split('.')[1]) + 1
        elif name.startswith(('patch_embed', 'pos_embed')):
            assert depth == 0
        else:
            assert depth == count - 1


@pytest.mark.parametrize('case', GOLDEN['weight_decay'], ids=str)
def test_the_weight_decay_follows_the_peers_cosine(case):
    decays = case['weight_decay_in_groups']
    groups = [
        dict(params=[nn.Parameter(torch.zeros(1))], weight_decay=d) for d in decays
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0)
    scheduler = PARAM_SCHEDULERS.build(dict(case['cfg'], optimizer=optimizer))
    for expected in case['at_each_step']:
        found = [group['weight_decay'] for group in optimizer.param_groups]
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize('case', GOLDEN['margins'], ids=str)
def test_margins_of_classes(case):
    labels = np.repeat(np.arange(len(case['class_counts'])), case['class_counts'])
    head = SimpleNamespace(num_classes=case['num_classes'])
    head.set_margins = lambda margins: setattr(head, 'margins', margins)
    dataset = SimpleNamespace(get_gt_labels=lambda: labels)
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
    runner = SimpleNamespace(model=SimpleNamespace(head=head), train_loop=loop)
    HOOKS.build(case['cfg']).before_train(runner)
    assert head.margins == pytest.approx(case['margins'], rel=1e-5)


def test_margins_where_the_peer_has_none():
    """Classes of one size are in the middle; a last class without samples counts 1."""
    hook = SetAdaptiveMarginsHook()
    assert hook.margins(np.array([3, 3])) == pytest.approx([0.275, 0.275])
    assert hook.margins(np.array([10, 0])) == pytest.approx([0.05, 0.5])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.conv.weight.data = drawn('conv', 4, 3, 3, 3) / 5
        self.bn = nn.BatchNorm2d(4)
        self.bn2 = nn.BatchNorm1d(4, momentum=0.01)

    def data_preprocessor(self, data, training):
        return dict(inputs=data)

    def forward(self, inputs):
        return self.bn2(F.relu(self.bn(self.conv(inputs))).mean((2, 3)))


def measured(num_samples, batch_size, drop_last=False):
    """A model after the hook has counted a dataset of 10 samples."""
    data = [drawn(f'pbn.{i}', 3, 8, 8) * (1 + i) + i for i in range(10)]
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    loop.dataloader = DataLoader(data, batch_size=batch_size, drop_last=drop_last)
    runner = SimpleNamespace(model=Net(), train_loop=loop, epoch=0)
    runner.logger = SimpleNamespace(info=lambda text: None)
    PreciseBNHook(num_samples).after_train_epoch(runner)
    return runner.model


@pytest.mark.parametrize('case', GOLDEN['precise_bn'], ids=str)
def test_precise_statistics(case):
    model = measured(case['num_samples'], case['batch_size'], case['drop_last'])
    for name, buffer in model.named_buffers():
        expected = torch.tensor(case[name], dtype=buffer.dtype)
        torch.testing.assert_close(buffer, expected, rtol=1e-5, atol=1e-6)
    assert [model.bn.momentum, model.bn2.momentum] == case['momentum_after']


def test_precise_statistics_of_at_least_one_batch():
    few, one = measured(3, 4), measured(4, 4)
    assert few.bn.running_var.min() > 0
    torch.testing.assert_close(few.state_dict(), one.state_dict())


HOOK_CASES = [case for case in GOLDEN['hooks'] if 'value_at_iter' in case]


@pytest.mark.parametrize('case', HOOK_CASES, ids=lambda c: c['cfg']['type'])
def test_values_that_begin_later(case):
    model = nn.Module()
    model.head, model.loss_lambda = nn.Module(), case['original']
    model.head.loss = nn.Module()
    model.head.loss.alpha = case['original']
    epochs = case.get('max_epochs', 1)
    iters = epochs * case.get('iters_per_epoch', len(case['value_at_iter']))
    runner = SimpleNamespace(model=model, max_epochs=epochs, max_iters=iters, iter=0)
    hook = HOOKS.build(case['cfg'])
    hook.before_train(runner)
    found = []
    for runner.iter in range(len(case['value_at_iter'])):
        hook.before_train_iter(runner, 0)
        dense = case['cfg']['type'] == 'DenseCLHook'
        found.append(model.loss_lambda if dense else model.head.loss.alpha)
    assert found == pytest.approx(case['value_at_iter'], abs=1e-9)


SIM_SIAM = [c for c in GOLDEN['hooks'] if c['cfg']['type'] == 'SimSiamHook']


@pytest.mark.parametrize('case', SIM_SIAM, ids=str)
def test_rates_that_no_schedule_changes(case):
    groups = [dict(lr=0.3, fix_lr=True), dict(lr=0.3)]
    wrapper = SimpleNamespace(optimizer=SimpleNamespace(param_groups=groups))
    runner, hook = SimpleNamespace(optim_wrapper=wrapper), HOOKS.build(case['cfg'])
    hook.before_train_epoch(runner)
    found = [group['lr'] for group in groups]
    assert found == case['lr 0.3 after before_train_epoch']
    for group in groups:
        group['lr'] = 0.2
    hook.before_train_iter(runner, 0)
    found = [group['lr'] for group in groups]
    assert found == case['lr 0.2 after before_train_iter']
