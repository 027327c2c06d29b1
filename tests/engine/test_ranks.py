"""One of several processes reports a mistake; the others are quiet."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.training import ToyRunPoints, toy_cfg, toy_runner

from mmlite.engine.ranks import (
    FailedElsewhere,
    LostWorker,
    OwnError,
    lost_workers,
    shared_failures,
    should_report,
)
from mmlite.errors import UserError
from mmlite.registry import DATASETS

SCRIPT = """
import sys
from support.training import toy_runner
from mmlite.engine.ranks import FailedElsewhere, should_report
from mmlite.errors import UserError

guilty = sys.argv[2]
runner = toy_runner(sys.argv[1], launcher='pytorch')
original = runner.load_or_resume


def fail():
    rank = str(runner.rank)
    if rank in guilty:
        raise UserError('the same mistake')
    original()


runner.load_or_resume = fail
try:
    runner.train()
except UserError as error:
    kind = type(error).__name__
    print(f'REPORTED:{runner.rank}:{kind}:{should_report(error)};', flush=True)
    import time

    time.sleep(4 if runner.rank in map(int, guilty) else 0)
"""


@DATASETS.register_module()
class Suicidal(ToyRunPoints):
    """As if the system had killed the process that loads it."""

    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_single_process_reports():
    assert should_report(UserError('oh'))
    assert not should_report(FailedElsewhere('oh'))


def test_before_the_processes_join_one_on_each_machine_reports(monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '4')
    for rank, local_rank, reports in ((0, 0, True), (1, 1, False), (2, 0, True)):
        monkeypatch.setenv('RANK', str(rank))
        monkeypatch.setenv('LOCAL_RANK', str(local_rank))
        assert should_report(UserError('oh')) == reports
        assert should_report(OwnError('oh'))


@pytest.mark.parametrize('error', [UserError('oh'), RuntimeError('oh')])
def test_alone_errors_are_what_they_are(error):
    with pytest.raises(type(error)) as caught, shared_failures():
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ('said', 'words'),
    [
        ('DataLoader worker (pid 7) is killed by signal: Killed. ', 'memory of the'),
        ('DataLoader worker (pid(s) 7, 8) exited unexpectedly', r'\(pid 7, 8\) exited'),
        ('DataLoader worker (pid 7) is killed by signal: Bus error. ', '--shm-size'),
    ],
)
def test_a_worker_that_is_gone_is_named(said, words):
    with pytest.raises(LostWorker, match=words) as caught, lost_workers():
        raise RuntimeError(said)
    assert '--resume' in str(caught.value) and '\n' not in str(caught.value)


def test_other_errors_are_no_lost_workers():
    with pytest.raises(RuntimeError, match='shape') as caught, lost_workers():
        raise RuntimeError('wrong shape')
    assert not isinstance(caught.value, UserError)


def test_a_worker_that_is_killed_ends_in_a_line(tmp_path):
    loader = dict(toy_cfg('').train_dataloader, num_workers=1)
    loader['dataset'] = dict(type='Suicidal')
    runner = toy_runner(tmp_path, train_dataloader=loader)
    with pytest.raises(LostWorker, match=r'process that loads data \(pid \d+\)'):
        runner.train()


@pytest.mark.slow
@pytest.mark.parametrize(
    ('guilty', 'reported'),
    [
        ('01', {'0:UserError:True', '1:UserError:False'}),
        ('1', {'1:UserError:True'}),
    ],
)
def test_two_processes(tmp_path, guilty, reported):
    script = tmp_path / 'two.py'
    script.write_text(SCRIPT)
    command = [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2']
    command += ['--master_port', str(20000 + os.getpid() % 20000)]
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1]))
    env |= dict(OMP_NUM_THREADS='1')
    done = subprocess.run(
        [*command, str(script), str(tmp_path / 'wd'), guilty],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = {p.split(';')[0] for p in done.stdout.split('REPORTED:')[1:]}
    assert lines - {'0:FailedElsewhere:False'} == reported, done.stderr
    assert 'Traceback' not in done.stderr
