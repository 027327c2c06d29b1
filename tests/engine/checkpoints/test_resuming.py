"""Stopped and resumed is the same as never stopped, to the last bit."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import Runner as TheirRunner
from support.training import their_cfg, toy_cfg, toy_runner

from mmlite.engine import Interrupted, load_checkpoint
from mmlite.engine.checkpoints.resuming import (
    hub_state,
    latest_checkpoint,
    preserved_rng,
    readable_hub,
    rng_state,
    set_rng_state,
)
from mmlite.errors import CheckpointError


class At(Hook):
    """Does something after a given iteration."""

    priority = 'LOWEST'

    def __init__(self, iteration, action):
        self.iteration, self.action = iteration, action

    def after_train_iter(self, runner, **kwargs):
        if runner.iter == self.iteration:
            self.action()


class PowerCut(Hook):
    """Fails when the third epoch begins."""

    def before_train_epoch(self, runner):
        if runner.epoch == 2:
            raise OSError


def ctrl_c(iteration):
    return At(iteration, lambda: signal.raise_signal(signal.SIGINT))


def everything(runner):
    """Weights, averages, optimizer and schedules, as one list of values."""
    ema = [h.ema_model.state_dict() for h in runner.hooks if hasattr(h, 'ema_model')]
    return [
        runner.model.state_dict(),
        *ema,
        runner.optim_wrapper.state_dict(),
        [s.state_dict() for s in runner.param_schedulers],
        (runner.epoch, runner.iter),
        runner.message_hub.get_scalar('train/loss').data[0].tolist(),
    ]


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


BY_ITER = dict(
    train_cfg=dict(by_epoch=False, max_iters=15, val_interval=4),
    param_scheduler=[dict(type='MultiStepLR', by_epoch=False, milestones=[6, 9])],
    default_hooks=dict(checkpoint=dict(by_epoch=False, interval=5)),
)


def changes(kind, workers):
    loader = toy_cfg('').train_dataloader
    loader.num_workers = workers
    extra = dict(train_dataloader=loader, custom_hooks=[dict(type='EMAHook')])
    if kind == 'epochs':
        return extra
    if kind == 'endless':
        loader.sampler = dict(type='InfiniteSampler')
    if kind == 'accumulating':
        extra['optim_wrapper'] = dict(
            optimizer=dict(type='SGD', lr=0.1, momentum=0.9), accumulative_counts=4
        )
    return extra | BY_ITER


@pytest.mark.parametrize(
    ('kind', 'workers', 'stop_at'),
    [
        ('epochs', 0, 7),
        ('epochs', 0, 4),  # the last one of an epoch
        ('epochs', 2, 7),
        ('iterations', 0, 7),
        ('iterations', 2, 7),
        ('endless', 0, 7),
        ('endless', 2, 11),
        ('accumulating', 0, 7),
    ],
)
def test_ctrl_c_and_resume(tmp_path, kind, workers, stop_at):
    extra = changes(kind, workers)
    straight = toy_runner(tmp_path / 'a', **extra)
    straight.train()

    stopped = toy_runner(tmp_path / 'b', **extra)
    stopped.register_hook(ctrl_c(stop_at))
    with pytest.raises(Interrupted, match='--resume') as caught:
        stopped.train()
    assert caught.value.checkpoint == str(tmp_path / 'b/interrupted.pth')
    assert f'after {stop_at + 1} iterations' in str(caught.value)
    log = next((tmp_path / 'b').glob('*/*.log')).read_text()
    assert str(caught.value) in log
    assert stopped.iter == stop_at + 1

    torch.manual_seed(99)
    random.seed(99)
    resumed = toy_runner(tmp_path / 'b', resume=True, **extra)
    resumed.train()
    assert same(everything(resumed), everything(straight))


def test_ctrl_c_waits_for_gradients_that_are_accumulated(tmp_path):
    extra = changes('accumulating', workers=0)
    straight = toy_runner(tmp_path / 'a', **extra)
    straight.train()
    stopped = toy_runner(tmp_path / 'b', **extra)
    stopped.register_hook(ctrl_c(4))
    with pytest.raises(Interrupted):
        stopped.train()
    assert stopped.iter == 8  # the fifth to the eighth make a step
    resumed = toy_runner(tmp_path / 'b', resume=True, **extra)
    resumed.train()
    assert same(everything(resumed), everything(straight))


def test_gradients_that_a_checkpoint_lacks_are_reported(tmp_path, capsys):
    extra = changes('accumulating', workers=0)
    toy_runner(tmp_path, **extra).train()
    between = str(tmp_path / 'iter_5.pth')
    toy_runner(tmp_path, resume=True, load_from=between, **extra).train()
    reported = capsys.readouterr().out
    assert 'saved after 5 iterations, between two steps of 4' in reported
    assert 'the gradients of the last 1 are lost' in reported


def test_resume_between_epochs(tmp_path):
    straight = toy_runner(tmp_path / 'a')
    straight.train()
    stopped = toy_runner(tmp_path / 'b')
    stopped.register_hook(PowerCut())
    with pytest.raises(OSError):
        stopped.train()
    resumed = toy_runner(tmp_path / 'b', resume=True)
    resumed.train()
    assert same(everything(resumed), everything(straight))


def test_a_drawn_seed_is_taken_up(tmp_path):
    unseeded = dict(randomness=dict(seed=None))
    straight = toy_runner(tmp_path / 'a', **unseeded)
    straight.train()
    for later in tmp_path.glob('a/epoch_[23].pth'):
        later.unlink()
    again = toy_runner(
        tmp_path / 'b',
        resume=True,
        load_from=str(tmp_path / 'a/epoch_1.pth'),
        **unseeded,
    )
    again.train()
    assert again.seed == straight.seed
    assert same(again.model.state_dict(), straight.model.state_dict())


@pytest.mark.slow
def test_a_killed_process_resumes(tmp_path):
    """Without any chance to save; goes on from the last epoch."""
    code = (
        'import os\n'
        'from mmengine.hooks import Hook\n'
        'from support.training import toy_runner\n'
        'class Kill(Hook):\n'
        '    def after_train_iter(self, runner, **kwargs):\n'
        '        if runner.iter == 7:\n'
        '            os.kill(os.getpid(), 9)\n'
        f'runner = toy_runner({str(tmp_path / "b")!r})\n'
        'runner.register_hook(Kill())\n'
        'runner.train()\n'
    )
    # As many threads as here: their number decides in which order sums are made.
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2]))
    env['OMP_NUM_THREADS'] = str(torch.get_num_threads())
    done = subprocess.run([sys.executable, '-c', code], env=env, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    straight = toy_runner(tmp_path / 'a')
    straight.train()
    resumed = toy_runner(tmp_path / 'b', resume=True)
    resumed.train()
    assert same(everything(resumed), everything(straight))


class Results(Hook):
    """Notes what each validation gives; stops within one."""

    def __init__(self, stop_in=None):
        self.stop_in = stop_in
        self.seen = []

    def after_val_iter(self, runner, **kwargs):
        if runner.epoch == self.stop_in:
            signal.raise_signal(signal.SIGINT)

    def after_val_epoch(self, runner, metrics=None):
        self.seen.append((runner.epoch, metrics))


@pytest.mark.parametrize('epoch', [1, 3])
def test_a_validation_stopped_by_ctrl_c_is_made_up(tmp_path, capsys, epoch):
    def train(folder, results, **extra):
        runner = toy_runner(
            tmp_path / folder,
            custom_hooks=[dict(type='EMAHook', momentum=0.5)],
            default_hooks=dict(checkpoint=dict(save_best='auto')),
            **extra,
        )
        runner.register_hook(results)
        runner.train()
        return runner

    straight, stopped, rest = Results(), Results(stop_in=epoch), Results()
    trained = train('a', straight)
    with pytest.raises(Interrupted):
        train('b', stopped)
    resumed = train('b', rest, resume=True)
    assert 'first comes the validation after them' in capsys.readouterr().out
    assert stopped.seen + rest.seen == straight.seen
    assert same(resumed.model.state_dict(), trained.model.state_dict())
    assert len(list((tmp_path / 'b').glob('best_toy_acc_epoch_*.pth'))) == 1


def test_a_second_ctrl_c_aborts(tmp_path, monkeypatch):
    monkeypatch.setattr('mmlite.engine.interrupt._ONE_PRESS', 0)

    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    runner = toy_runner(tmp_path)
    runner.register_hook(At(3, twice))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert not (tmp_path / 'interrupted.pth').exists()


def test_ctrl_c_before_the_first_iteration_has_nothing_to_save(tmp_path):
    class AtStart(Hook):
        def before_run(self, runner):
            raise KeyboardInterrupt

    runner = toy_runner(tmp_path)
    runner.register_hook(AtStart())
    with pytest.raises(KeyboardInterrupt):
        runner.train()


def test_nothing_to_resume_is_a_new_start(tmp_path, capsys):
    runner = toy_runner(tmp_path, resume=True)
    runner.train()
    assert 'nothing to resume' in capsys.readouterr().out
    assert runner.iter == 15


@pytest.mark.parametrize(
    ('extra', 'done', 'limit'),
    [
        ({}, '15 iterations (epochs done: 3)', 'max_epochs'),
        (BY_ITER, '15 iterations', 'max_iters'),
    ],
)
def test_a_finished_run_says_how_to_train_on(tmp_path, capsys, extra, done, limit):
    toy_runner(tmp_path, **extra).train()
    runner = toy_runner(tmp_path, resume=True, **extra)
    runner.train()
    assert f'after {done}, which is all; raise train_cfg.{limit}' in (
        capsys.readouterr().out
    )
    assert runner.iter == 15


def test_a_schedule_goes_on_as_it_was(tmp_path):
    def runner(epochs, **extra):
        schedule = dict(type='LinearLR', start_factor=0.5, end_factor=0.8, end=epochs)
        train_cfg = dict(by_epoch=True, max_epochs=epochs)
        return toy_runner(
            tmp_path, train_cfg=train_cfg, param_scheduler=schedule, **extra
        )

    runner(3).train()
    resumed = runner(9, resume=True)
    resumed.train()
    assert resumed.epoch == 9
    # The last value of the schedule that ended with the third epoch.
    assert resumed.optim_wrapper.get_lr()['lr'] == pytest.approx([0.1 * 0.8])


def test_a_moved_work_dir_resumes(tmp_path):
    toy_runner(tmp_path / 'a').train()
    (tmp_path / 'a').rename(tmp_path / 'b')
    assert latest_checkpoint(str(tmp_path / 'b')) == str(tmp_path / 'b/epoch_3.pth')
    (tmp_path / 'b/epoch_3.pth').unlink()
    with pytest.raises(CheckpointError, match=r'go on with --resume \S+epoch_2\.pth'):
        latest_checkpoint(str(tmp_path / 'b'))


@pytest.mark.filterwarnings('ignore')
def test_a_checkpoint_of_mmengine_resumes(tmp_path):
    """With its history, its optimizer and its schedule."""
    theirs = TheirRunner.from_cfg(their_cfg(tmp_path / 'a'))
    theirs.register_hook(PowerCut())
    with pytest.raises(OSError):
        theirs.train()
    resumed = toy_runner(
        tmp_path / 'b', resume=True, load_from=str(tmp_path / 'a/epoch_2.pth')
    )
    resumed.train()
    assert resumed.iter == 15
    assert resumed.optim_wrapper.get_lr()['lr'] == [pytest.approx(0.01)]
    values, _ = resumed.message_hub.get_scalar('train/loss').data
    assert len(values) == 15


def test_weights_alone_cannot_be_resumed(tmp_path):
    runner = toy_runner(tmp_path)
    torch.save(runner.model.state_dict(), tmp_path / 'w.pth')
    runner = toy_runner(tmp_path, resume=True, load_from=str(tmp_path / 'w.pth'))
    with pytest.raises(CheckpointError, match='no state of a training'):
        runner.train()


def test_another_model_cannot_be_resumed(tmp_path):
    toy_runner(tmp_path).train()
    wider = dict(type='ToyRunModel', num_classes=4)
    runner = toy_runner(tmp_path, resume=True, model=wider)
    with pytest.raises(CheckpointError, match=r'head\.fc\.weight  \(3, 8\) in'):
        runner.train()


def test_another_optimizer_cannot_be_resumed(tmp_path):
    toy_runner(tmp_path).train()
    optim_wrapper = dict(
        optimizer=dict(type='SGD', lr=0.1, weight_decay=0.1),
        paramwise_cfg=dict(norm_decay_mult=0.0),
    )
    runner = toy_runner(tmp_path, resume=True, optim_wrapper=optim_wrapper)
    with pytest.raises(CheckpointError, match='another optimizer'):
        runner.train()


def test_another_batch_size_begins_the_epoch_anew(tmp_path, capsys):
    stopped = toy_runner(tmp_path)
    stopped.register_hook(ctrl_c(7))
    with pytest.raises(Interrupted):
        stopped.train()
    loader = toy_cfg('').train_dataloader
    loader.batch_size = 4
    resumed = toy_runner(tmp_path, resume=True, train_dataloader=loader)
    resumed.train()
    assert resumed.iter == 30
    assert 'the epoch starts again' in capsys.readouterr().out


def test_random_states_round_trip():
    state = rng_state()
    drawn = random.random(), np.random.rand(), torch.rand(1)
    set_rng_state(state)
    assert (random.random(), np.random.rand(), torch.rand(1)) == drawn
    set_rng_state(state)
    with preserved_rng():
        random.random(), np.random.rand(), torch.rand(1)
    assert (random.random(), np.random.rand(), torch.rand(1)) == drawn


def test_only_the_tail_of_a_history_is_saved():
    hub = MessageHub('long')
    hub.log_scalars['train/loss'] = HistoryBuffer(range(5000), [1] * 5000)
    hub.update_info('passing', 1, resumed=False)
    state = hub_state(hub)
    assert state['log_scalars']['train/loss']['values'] == list(range(4000, 5000))
    assert state['runtime_info'] == {}
    other = MessageHub('other')
    other.load_state_dict(readable_hub(state, 'a.pth'))
    assert other.get_scalar('train/loss').current() == 4999


def test_checkpoints_hold_plain_values_only(tmp_path):
    toy_runner(tmp_path).train()
    saved = torch.load(tmp_path / 'epoch_3.pth', weights_only=True)
    assert saved['meta']['epoch'] == 3
    assert saved['meta']['dataset_meta']['classes'] == ('a', 'b', 'c')
    assert load_checkpoint(tmp_path / 'epoch_3.pth').keys() == saved.keys()


def test_an_average_that_is_not_taken_up_is_reported(tmp_path):
    hooks = [dict(type='EMAHook')]
    one = dict(by_epoch=True, max_epochs=1)
    toy_runner(tmp_path, custom_hooks=hooks, train_cfg=one).train()
    said = {}
    for name, given in (('with', hooks), ('without', [])):
        runner = toy_runner(tmp_path, custom_hooks=given, resume=True)
        runner.train()
        said[name] = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert "add custom_hooks=[dict(type='EMAHook')]" in said['without']
    assert 'moving average' not in said['with']


class KillIn(Hook):
    """Kills the process within a validation."""

    def after_val_iter(self, runner, **kwargs):
        if runner.epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_validation_in_which_a_process_is_killed_is_made_up(tmp_path):
    hooks = dict(checkpoint=dict(save_best='toy/acc'))
    straight = Results()
    runner = toy_runner(tmp_path / 'a', default_hooks=hooks)
    runner.register_hook(straight)
    runner.train()
    pid = os.fork()
    if pid == 0:
        try:
            killed = toy_runner(tmp_path / 'b', default_hooks=hooks)
            killed.register_hook(KillIn())
            killed.train()
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    rest = Results()
    resumed = toy_runner(tmp_path / 'b', default_hooks=hooks, resume=True)
    resumed.register_hook(rest)
    resumed.train()
    done = [epoch for epoch, _ in rest.seen]
    assert rest.seen == straight.seen[-len(done) :] and 2 in done
    best = [sorted(p.name for p in (tmp_path / f).glob('best*')) for f in 'ab']
    assert best[0] == best[1] != []
    assert same(resumed.model.state_dict(), runner.model.state_dict())


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGHUP'])
def test_a_signal_saves_as_ctrl_c_does(tmp_path, name):
    number = getattr(signal, name)
    runner = toy_runner(tmp_path)
    runner.register_hook(At(7, lambda: signal.raise_signal(number)))
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=f'interrupted by {name} after 8') as caught:
        runner.train()
    assert caught.value.exit_code == 128 + number
    assert signal.getsignal(number) == before
    assert (tmp_path / 'interrupted.pth').exists()


def test_resume_on_a_fresh_runner(tmp_path):
    hooks = [dict(type='EMAHook', momentum=0.5)]
    straight = toy_runner(tmp_path / 'a', custom_hooks=hooks)
    straight.train()
    runner = toy_runner(tmp_path / 'b', custom_hooks=hooks)
    runner.resume(str(tmp_path / 'a/epoch_2.pth'))
    assert (runner.epoch, runner.iter) == (2, 10)
    runner.train()
    assert same(everything(runner), everything(straight))


def test_auto_resume_with_nothing_to_resume_loads(tmp_path, capsys):
    one = dict(train_cfg=dict(by_epoch=True, max_epochs=1))
    toy_runner(tmp_path / 'a', **one).train()
    source = str(tmp_path / 'a/epoch_1.pth')
    runner = toy_runner(tmp_path / 'b', resume='auto', load_from=source, **one)
    runner.train()
    reported = capsys.readouterr().out
    assert f'begins with load_from, {source}' in reported
    assert f'loaded    {source}' in reported
    assert runner.iter == 5


def test_what_a_checkpoint_fills_is_not_initialised(tmp_path):
    toy_runner(tmp_path / 'a').train()
    source = str(tmp_path / 'a/epoch_3.pth')
    counted = []
    for name, load_from in (('b', None), ('c', source)):
        runner = toy_runner(tmp_path / name, load_from=load_from)
        runner.model.init_weights = lambda: counted.append(1)
        runner.train()
    assert counted == [1]
