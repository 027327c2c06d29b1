"""Checkpoints are written while training goes on, and are what it was then."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from support.training import toy_runner
from torch import nn

from mmlite.engine.checkpoints import BackgroundWriter, snapshot
from mmlite.engine.checkpoints.resuming import latest_checkpoint
from mmlite.errors import CheckpointError

TESTS = Path(__file__).parents[2]


def read(path):
    return torch.load(path, weights_only=True)


@pytest.fixture
def gate(monkeypatch):
    """Files are only put in their places while this is set."""
    gate = threading.Event()
    replace = os.replace

    def wait(source, target):
        assert gate.wait(20)
        replace(source, target)

    monkeypatch.setattr(os, 'replace', wait)
    yield gate
    gate.set()


@pytest.fixture
def writer():
    writer = BackgroundWriter()
    yield writer
    writer.close()


def test_later_changes_are_not_written(tmp_path, gate, writer):
    weights, array, counts = torch.ones(3), np.ones(2), [1]
    strided = torch.zeros(2, 3, 4, 4).to(memory_format=torch.channels_last)
    content = dict(
        w=weights, part=weights[1:], a=array, counts=counts, s=strided, n=dict(x=1)
    )
    writer.submit(content, tmp_path / 'a.pth')
    weights.zero_()
    strided.fill_(1)
    array[:] = 0
    counts.append(2)
    content['n']['x'] = 2
    assert not (tmp_path / 'a.pth').exists()
    gate.set()
    writer.wait()
    saved = read(tmp_path / 'a.pth')
    assert saved['w'].tolist() == [1, 1, 1]
    assert saved['part'].tolist() == [1, 1]
    assert saved['a'].tolist() == [1, 1]
    assert (saved['counts'], saved['n']) == ([1], dict(x=1))
    assert not saved['s'].any()
    assert saved['s'].stride() == strided.stride()


def test_memory_is_used_again(tmp_path, writer):
    model = nn.Linear(4, 4)
    places = []
    for value in range(4):
        nn.init.constant_(model.weight, value)
        writer.submit(model.state_dict(), tmp_path / f'{value}.pth')
        writer.wait()
        places.append({t.data_ptr() for f in writer._memory._free.values() for t in f})
    assert places[0] == places[-1]
    for value in range(4):
        assert (read(tmp_path / f'{value}.pth')['weight'] == value).all()


def test_tensors_that_are_one_stay_one(tmp_path, writer):
    tied = torch.ones(100, 100)
    writer.submit(dict(a=tied, b=tied.detach(), c=tied.t()), tmp_path / 'a.pth')
    writer.wait()
    saved = read(tmp_path / 'a.pth')
    assert saved['a'].data_ptr() == saved['b'].data_ptr()
    assert saved['c'].data_ptr() != saved['a'].data_ptr()


def test_tensors_made_in_passing_are_kept_apart(tmp_path, writer):
    class Lazy(dict):
        def items(self):
            return ((str(i), torch.full((64,), float(i))) for i in range(50))

    writer.submit(Lazy(), tmp_path / 'a.pth')
    writer.wait()
    saved = read(tmp_path / 'a.pth')
    assert [int(saved[str(i)][0]) for i in range(50)] == list(range(50))


def test_two_wait_at_most(tmp_path, gate, monkeypatch):
    writer, alive = BackgroundWriter(), []
    before, release = snapshot.Snapshot.__init__, snapshot.Snapshot.release

    def count(self, *args):
        before(self, *args)
        alive.append(self)

    monkeypatch.setattr(snapshot.Snapshot, '__init__', count)
    monkeypatch.setattr(
        snapshot.Snapshot, 'release', lambda self: alive.remove(self) or release(self)
    )
    most = []

    def submit():
        for i in range(5):
            writer.submit(dict(i=i), tmp_path / 'a.pth')
            most.append(len(alive))

    thread = threading.Thread(target=submit)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()  # the third one has to wait
    gate.set()
    thread.join()
    writer.close()
    assert max(most) <= 2
    assert read(tmp_path / 'a.pth') == dict(i=4)


def test_what_comes_next_waits_for_the_file(tmp_path, gate, writer):
    path, seen = tmp_path / 'a.pth', []
    writer.submit(dict(i=0), path, lambda: seen.append(path.exists()))
    assert seen == []
    gate.set()
    writer.wait()
    assert seen == [True]


def fail(*args):
    raise OSError(28, 'No space left on device')


@pytest.mark.parametrize('how', ['check', 'submit', 'wait', 'close'])
def test_a_failure_is_reported_once(tmp_path, monkeypatch, how):
    writer, done = BackgroundWriter(), []
    writer.submit(dict(i=0), tmp_path / 'a.pth')
    writer.wait()
    monkeypatch.setattr(os, 'fsync', fail)
    writer.submit(dict(i=1), tmp_path / 'a.pth', lambda: done.append(1))
    writer.settle()
    arguments = (dict(i=2), tmp_path / 'b.pth') if how == 'submit' else ()
    with pytest.raises(CheckpointError, match=r'a\.pth: .*No space left.*untouched'):
        getattr(writer, how)(*arguments)
    writer.check()
    writer.close()
    assert read(tmp_path / 'a.pth') == dict(i=0)
    assert os.listdir(tmp_path) == ['a.pth']
    assert done == []


def test_nothing_is_written_after_a_failure(tmp_path, gate, writer, monkeypatch):
    waits = os.replace

    def replace(source, target):
        waits(source, target)
        if str(target).endswith('a.pth'):
            fail()

    monkeypatch.setattr(os, 'replace', replace)
    for name in ('a', 'b'):
        writer.submit(dict(i=0), tmp_path / f'{name}.pth')
    gate.set()
    with pytest.raises(CheckpointError, match='No space left'):
        writer.wait()
    writer.wait()
    assert not (tmp_path / 'b.pth').exists()


@pytest.mark.slow
def test_the_process_ends_only_when_all_is_written(tmp_path):
    code = (
        'import os, time, torch\n'
        'from mmlite.engine.checkpoints import BackgroundWriter\n'
        'fsync = os.fsync\n'
        'os.fsync = lambda handle: time.sleep(0.5) or fsync(handle)\n'
        f'path = {str(tmp_path / "a.pth")!r}\n'
        'BackgroundWriter().submit(dict(w=torch.ones(9)), path)\n'
        'raise KeyboardInterrupt\n'
    )
    subprocess.run([sys.executable, '-c', code], capture_output=True)
    assert read(tmp_path / 'a.pth')['w'].sum() == 9


@pytest.mark.slow
def test_a_crash_while_writing_leaves_the_previous_one(tmp_path):
    code = (
        'import os\n'
        'from support.training import toy_runner\n'
        'replace = os.replace\n'
        'def crash(source, target):\n'
        '    if str(target).endswith("epoch_2.pth"):\n'
        '        os._exit(9)\n'
        '    replace(source, target)\n'
        'os.replace = crash\n'
        f'toy_runner({str(tmp_path)!r}).train()\n'
    )
    env = dict(os.environ, PYTHONPATH=str(TESTS))
    done = subprocess.run([sys.executable, '-c', code], env=env, capture_output=True)
    assert done.returncode == 9
    assert latest_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_1.pth')
    runner = toy_runner(tmp_path, resume=True)
    runner.train()
    assert runner.iter == 15


class Watch(Hook):
    """Notes which files there are after each iteration, and opens the gate."""

    priority = 'LOWEST'

    def __init__(self, gate, open_at):
        self.gate, self.open_at, self.seen = gate, open_at, {}

    def after_train_iter(self, runner, **kwargs):
        if runner.iter == self.open_at:
            self.gate.set()
            runner.checkpoint_writer.settle()
        names = sorted(p.name for p in Path(runner.work_dir).glob('*.pth'))
        self.seen[runner.iter] = names, latest_checkpoint(runner.work_dir)


def test_training_goes_on_meanwhile(tmp_path, gate):
    runner = toy_runner(tmp_path, val_cfg=None, val_dataloader=None, val_evaluator=None)
    watch = Watch(gate, open_at=8)
    runner.register_hook(watch)
    runner.train()
    assert watch.seen[5] == watch.seen[7] == ([], None)  # epoch 1 ended at 4
    path = tmp_path / 'epoch_1.pth'
    assert watch.seen[8] == (['epoch_1.pth'], str(path))
    assert read(path)['meta']['iter'] == 5
    gated = read(path)['state_dict']
    plain = toy_runner(tmp_path / 'b', train_cfg=dict(by_epoch=True, max_epochs=1))
    plain.train()
    for name, value in plain.model.state_dict().items():
        assert torch.equal(gated[name], value)


def test_a_failure_stops_the_training_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'fsync', fail)
    runner = toy_runner(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=1000))
    with pytest.raises(CheckpointError, match='No space left on device'):
        runner.train()
    assert runner.epoch < 100
    assert not list(tmp_path.glob('*.pth'))


def test_the_last_failure_is_reported_at_the_end(tmp_path, monkeypatch):
    replace = os.replace
    monkeypatch.setattr(
        os, 'replace', lambda a, b: fail() if 'epoch_3' in str(b) else replace(a, b)
    )
    with pytest.raises(CheckpointError, match='No space left on device'):
        toy_runner(tmp_path).train()
    assert latest_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_2.pth')


def test_in_the_foreground_on_demand(tmp_path, gate):
    gate.set()
    runner = toy_runner(tmp_path, default_hooks=dict(checkpoint=dict(background=False)))
    watch = Watch(gate, open_at=-1)
    runner.register_hook(watch)
    runner.train()
    assert watch.seen[5][0] == ['epoch_1.pth']
