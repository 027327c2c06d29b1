from __future__ import annotations

import pytest
import torch
from mmengine.hooks import Hook
from support.training import toy_runner

from mmlite.errors import CheckpointError, ConfigError
from mmlite.registry import HOOKS

NO_VALIDATION = dict(val_cfg=None, val_dataloader=None, val_evaluator=None)


class Retell(Hook):
    """Lookahead as a loop over names: what the fast weights should be."""

    def __init__(self, interval: int, decay: float, power: float, total: int) -> None:
        self.interval, self.decay, self.power = interval, decay, power
        self.total = total

    def floats(self, runner) -> dict[str, torch.Tensor]:
        state = runner.model.state_dict().items()
        return {k: v.double().clone() for k, v in state if v.is_floating_point()}


class Before(Retell):
    """Works out, before the hook acts, what it should do."""

    priority = 'VERY_HIGH'

    def before_train(self, runner):
        self.slow = self.floats(runner)

    def after_train_iter(self, runner, **kwargs):
        done = runner.iter + 1
        self.expected = self.floats(runner)
        if done % self.interval == 0:
            kept = self.decay * (done / self.total) ** self.power
            for name, fast in self.expected.items():
                self.slow[name] = kept * self.slow[name] + (1 - kept) * fast
        if done % self.interval == 0 or done == self.total:
            self.expected = {k: v.clone() for k, v in self.slow.items()}


class After(Hook):
    """Compares, after it has acted."""

    priority = 'LOWEST'

    def __init__(self, before: Before) -> None:
        self.before, self.compared = before, 0

    def after_train_iter(self, runner, **kwargs):
        for name, value in self.before.floats(runner).items():
            torch.testing.assert_close(
                value, self.before.expected[name], atol=1e-6, rtol=1e-5
            )
        self.compared += 1


@pytest.mark.parametrize(
    'options',
    [
        dict(interval=5, decay=0.5, power=0.0),
        dict(interval=4, decay=0.95**5, power=3.0),
        dict(interval=100, decay=0.5, power=0.0),
    ],
)
def test_it_does_what_a_loop_does(options, tmp_path):
    hooks = [dict(type='LookaheadHook', **options)]
    runner = toy_runner(tmp_path, custom_hooks=hooks, **NO_VALIDATION)
    before = Before(**options, total=15)
    after = After(before)
    runner.register_hook(before)
    runner.register_hook(after)
    runner.train()
    assert after.compared == 15
    assert 'backbone.1.running_mean' in before.slow


def test_a_decay_of_zero_changes_nothing(tmp_path):
    states = []
    for hooks in ([], [dict(type='LookaheadHook', interval=1, decay=0.0)]):
        runner = toy_runner(tmp_path / str(len(hooks)), custom_hooks=hooks)
        states.append(runner.train().state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value)


class Stop(Hook):
    """Ends the training within an interval, after saving."""

    priority = 'LOWEST'

    def after_train_iter(self, runner, **kwargs):
        if runner.iter == 6:
            meta = dict(epoch=runner.epoch, iter=7)
            runner.save_checkpoint(runner.work_dir, 'stopped.pth', meta=meta)
            raise OSError


def test_resumed_is_the_same_as_never_stopped(tmp_path):
    hooks = [dict(type='LookaheadHook', interval=4, decay=0.8, power=1.0)]
    whole = toy_runner(tmp_path / 'a', custom_hooks=hooks).train().state_dict()
    stopped = toy_runner(tmp_path / 'b', custom_hooks=hooks)
    stopped.register_hook(Stop())
    with pytest.raises(OSError):
        stopped.train()
    resumed = toy_runner(
        tmp_path / 'b',
        custom_hooks=hooks,
        resume=True,
        load_from=str(tmp_path / 'b/stopped.pth'),
    )
    for name, value in resumed.train().state_dict().items():
        assert torch.equal(value, whole[name]), name


def test_a_checkpoint_without_slow_weights(tmp_path):
    short = dict(train_cfg=dict(by_epoch=True, max_epochs=1))
    toy_runner(tmp_path, **short).train()
    hooks = [dict(type='LookaheadHook')]
    runner = toy_runner(tmp_path, custom_hooks=hooks, resume=True)
    runner.train()
    assert runner.iter == 15


def test_slow_weights_of_another_model(tmp_path):
    hooks = [dict(type='LookaheadHook')]
    short = dict(train_cfg=dict(by_epoch=True, max_epochs=1))
    toy_runner(tmp_path, custom_hooks=hooks, **short).train()
    path = tmp_path / 'epoch_1.pth'
    saved = torch.load(path, weights_only=True)
    del saved['lookahead']['head.fc.bias']
    torch.save(saved, path)
    with pytest.raises(CheckpointError, match='slow weights .* of another model'):
        toy_runner(tmp_path, custom_hooks=hooks, resume=True).train()


def test_weights_that_are_loaded_are_where_it_begins(tmp_path):
    hooks = [dict(type='LookaheadHook', interval=1, decay=1.0)]  # never moves
    toy_runner(tmp_path / 'a').train()
    path = str(tmp_path / 'a/epoch_3.pth')
    trained = torch.load(path, weights_only=True)['state_dict']
    model = toy_runner(tmp_path / 'b', custom_hooks=hooks, load_from=path).train()
    torch.testing.assert_close(model.head.fc.weight, trained['head.fc.weight'])


@pytest.mark.parametrize('wrong', [dict(interval=0), dict(decay=1.1), dict(power=-1)])
def test_wrong_arguments(wrong):
    with pytest.raises(ConfigError, match='must (be at least|lie in)'):
        HOOKS.build(dict(type='LookaheadHook', **wrong))
