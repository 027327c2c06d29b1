from __future__ import annotations

import pytest
import torch
from mmengine.hooks import Hook
from support.training import toy_runner
from torch import nn

from mmlite.engine import FreezeAfterHook, MMDistributedDataParallel
from mmlite.errors import ConfigError
from mmlite.registry import HOOKS

WEIGHT = 'backbone.0.weight'
DECAYING = dict(
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.1)
    ),
    param_scheduler=None,
)


class Watch(Hook):
    """Notes the weights before every iteration, and after the last."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.seen = []

    def note(self, runner):
        state = runner.model.state_dict()
        self.seen.append(
            {k.removeprefix('module.'): v.clone() for k, v in state.items()}
        )

    def before_train_iter(self, runner, **kwargs):
        self.note(runner)

    def after_train(self, runner):
        self.note(runner)

    def moved(self, name: str) -> list[bool]:
        """Whether each iteration moved a parameter."""
        pairs = zip(self.seen, self.seen[1:], strict=False)
        return [not torch.equal(a[name], b[name]) for a, b in pairs]


def watched(work_dir, hook: dict, wrap=None, **changes) -> Watch:
    watch = Watch()
    hooks = [dict(type='FreezeAfterHook', **hook)]
    runner = toy_runner(work_dir, custom_hooks=hooks, **DECAYING, **changes)
    if wrap:
        runner.model = wrap(runner.model)
    runner.register_hook(watch)
    runner.train()
    return watch


@pytest.mark.parametrize(
    ('hook', 'moves'),
    [
        (dict(epochs=2), 10),
        (dict(epochs=0), 0),
        (dict(iters=7), 7),
        (dict(epochs=9), 15),
    ],
)
def test_parameters_stay_from_then_on(hook, moves, tmp_path):
    watch = watched(tmp_path, dict(hook, params='backbone.0'))
    for name in (WEIGHT, 'backbone.0.bias'):
        assert watch.moved(name) == [True] * moves + [False] * (15 - moves)
    assert all(watch.moved('head.fc.weight'))


def test_epochs_are_passes_over_the_data_in_training_by_iterations(tmp_path):
    by_iters = dict(by_epoch=False, max_iters=12, val_interval=100)
    hook = dict(params=['0.weight$'], epochs=2)
    watch = watched(tmp_path, hook, train_cfg=by_iters)
    assert watch.moved(WEIGHT) == [True] * 10 + [False] * 2


def test_a_resumed_training_finds_them_frozen(tmp_path):
    hook = dict(params='backbone.0', epochs=2)
    whole = watched(tmp_path / 'a', hook)
    watched(tmp_path / 'b', hook, train_cfg=dict(by_epoch=True, max_epochs=2))
    rest = watched(tmp_path / 'b', hook, resume=True)
    assert not any(rest.moved(WEIGHT)) and len(rest.seen) == 6
    for name, value in whole.seen[-1].items():
        assert torch.equal(rest.seen[-1][name], value)


def test_they_stay_among_several_processes_too(tmp_path):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/meeting', rank=0, world_size=1
    )
    try:
        watch = watched(
            tmp_path / 'run',
            dict(params=WEIGHT, iters=4),
            MMDistributedDataParallel,
            val_cfg=None,
            val_dataloader=None,
            val_evaluator=None,
        )
    finally:
        torch.distributed.destroy_process_group()
    assert watch.moved(WEIGHT) == [True] * 4 + [False] * 11
    assert all(watch.moved('backbone.0.bias'))


def test_no_parameter_is_meant(tmp_path):
    hooks = [dict(type='FreezeAfterHook', params='whitening', epochs=1)]
    with pytest.raises(ConfigError, match=r"custom_hooks: .*no parameter for \['white"):
        toy_runner(tmp_path, custom_hooks=hooks).train()


@pytest.mark.parametrize('times', [{}, dict(epochs=1, iters=1), dict(epochs=-1)])
def test_one_time_is_needed(times):
    with pytest.raises(ConfigError, match='set either epochs or iters'):
        HOOKS.build(dict(type='FreezeAfterHook', params='a', **times))


def test_an_expression_that_is_none():
    with pytest.raises(ConfigError, match=r"'\[' is not a regular expression"):
        HOOKS.build(dict(type='FreezeAfterHook', params=['a', '['], iters=1))


def test_patterns_are_searched_in_whole_names():
    net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    names = [
        name for name, _ in FreezeAfterHook([r'^0\.', 'bias'], iters=0).chosen(net)
    ]
    assert names == ['0.weight', '0.bias', '1.bias']
