"""Two processes on a CPU."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.training import toy_runner
from support.two_processes import share_part
from torch import nn

from mmlite.engine import MMDistributedDataParallel
from mmlite.engine.environment import init_distributed, launched_by
from mmlite.errors import ConfigError, UserError

BUFFERS = ('1.running_mean', '1.running_var', '1.num_batches_tracked')
SCRIPT = """
import sys
from support.training import toy_cfg, toy_runner
from mmlite.engine import Interrupted

PLAIN = dict(drop=0.0, norm=False)
loader = toy_cfg('').train_dataloader
loader.batch_size = 4
runner = toy_runner(
    sys.argv[1],
    launcher='pytorch',
    sync_bn='torch',
    model=dict(type='ToyRunModel', **({} if 'plain' not in sys.argv else PLAIN)),
    train_dataloader=loader,
    resume='resume' in sys.argv,
)
if 'stop' in sys.argv:
    import signal
    from mmengine.hooks import Hook

    class CtrlC(Hook):
        def after_train_iter(self, runner, **kwargs):
            if runner.iter == 5:
                signal.raise_signal(signal.SIGINT)

    runner.register_hook(CtrlC())
try:
    runner.train()
    total = sum(buffer.double().sum() for buffer in runner.model.buffers())
    # Not among the lines of the first process, which may be writing one.
    print(f'BUFFERS:{total:.12f};', file=sys.stderr, flush=True)
except Interrupted as interrupt:
    print(interrupt)
"""


def run(*args):
    command = [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2']
    command += ['--master_port', str(20000 + os.getpid() % 20000)]
    script = Path('two.py')
    script.write_text(SCRIPT)
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1]))
    env |= dict(OMP_NUM_THREADS='1')
    done = subprocess.run(
        [*command, str(script), *map(str, args)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_two_processes_train_validate_and_resume(tmp_path):
    done = run(tmp_path / 'a')
    assert 'Warning' not in done.stderr
    assert 'device    cpu, 2 processes' in done.stdout
    assert done.stdout.count('work_dir') == 1
    # 21 samples on two processes: one of them is seen twice, and counted once.
    assert len(re.findall(r'toy/count 21\n', done.stdout)) == 3
    assert len(list((tmp_path / 'a').glob('*/*.log'))) == 1

    # The last validation has left all processes with the same running statistics.
    sums = re.findall(r'BUFFERS:([^;]+);', done.stderr)
    assert len(sums) == 2 and sums[0] == sums[1]

    saved = torch.load(tmp_path / 'a/epoch_3.pth', weights_only=True)
    assert len(saved['rng_states']) == 2
    assert not any(k.startswith('module.') for k in saved['state_dict'])
    alone = toy_runner(tmp_path / 'c', load_from=str(tmp_path / 'a/epoch_3.pth')).val()
    last = re.findall(r'toy/acc ([\d.]+)', done.stdout)[-1]
    assert alone['toy/acc'] == pytest.approx(float(last), abs=0.01)


@pytest.mark.slow
def test_a_validation_is_that_of_the_first_process_s_model(tmp_path):
    """With its running statistics, which are those of the checkpoint."""
    torch.multiprocessing.spawn(share_part, (tmp_path,), nprocs=2)
    states = [torch.load(tmp_path / f'{rank}.pth') for rank in range(2)]
    assert not torch.equal(
        states[0][0]['1.running_mean'], states[1][0]['1.running_mean']
    )
    for name, value in states[0][0].items():
        owner = 0 if name in BUFFERS else 1
        torch.testing.assert_close(states[1][1][name], states[owner][0][name])
        torch.testing.assert_close(states[0][1][name], value)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    """With half the batch each, and nothing that depends on the batch."""
    run(tmp_path / 'two', 'plain')
    model = dict(type='ToyRunModel', drop=0.0, norm=False)
    runner = toy_runner(tmp_path / 'one', model=model)
    first = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.train()
    saved = torch.load(tmp_path / 'two/epoch_3.pth', weights_only=True)
    for name, one in runner.model.state_dict().items():
        torch.testing.assert_close(saved['state_dict'][name], one, rtol=0, atol=1e-5)
        assert not torch.allclose(one, first[name], atol=1e-2)


LOGGED = """
import sys
from mmengine.hooks import Hook
from support.training import toy_runner
from mmlite.engine.ranks import should_report
from mmlite.errors import UserError


class Log(Hook):
    priority = 'HIGHEST'

    def after_train_iter(self, runner, outputs=None, **kwargs):
        outputs['loss_mine'] = float(10 * runner.rank + runner.iter)
        if 'kill' in sys.argv and runner.iter == 7 and runner.rank == 1:
            import os
            os.kill(os.getpid(), 9)


runner = toy_runner(sys.argv[1], default_hooks=dict(logger=dict(interval=2)))
runner.register_hook(Log())
try:
    runner.train()
except UserError as error:
    if should_report(error):
        print(f'SAID:{error}', flush=True)
    sys.exit(1)
if runner.rank == 0:
    print('LOGGED:', runner.message_hub.get_scalar('train/loss_mine').data[0].tolist())
"""


def logged(*args, status=0):
    script = Path('logged.py')
    script.write_text(LOGGED)
    command = [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2']
    command += ['--master_port', str(20000 + os.getpid() % 20000), str(script)]
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1]))
    env |= dict(OMP_NUM_THREADS='1')
    done = subprocess.run(
        [*command, *map(str, args)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.mark.slow
def test_torchrun_is_found_out_and_means_are_logged(tmp_path):
    """Without a launcher in the config; process r logs 10 r + i in iteration i."""
    reported = logged(tmp_path)
    assert 'cpu, 2 processes' in reported and reported.count('work_dir') == 1
    # 20 samples each, in batches of 8: three iterations an epoch.
    wanted = [5.0 + i for i in range(9)]
    assert f'LOGGED: {wanted}' in reported
    saved = torch.load(tmp_path / 'epoch_3.pth', weights_only=True)
    history = saved['message_hub']['log_scalars']['train/loss_mine']
    assert history['values'] == wanted


@pytest.mark.slow
def test_a_process_that_is_killed_is_named(tmp_path):
    reported = logged(tmp_path, 'kill', status=1)
    assert reported.count('SAID:') == 1
    assert 'SAID:process 1 is gone, of 2, and did not say why' in reported


@pytest.mark.slow
def test_two_processes_stop_together(tmp_path):
    done = run(tmp_path, 'stop')
    assert done.stdout.count('stopping after this step') == 1
    assert 'interrupted after' in done.stdout
    saved = torch.load(tmp_path / 'interrupted.pth', weights_only=True)
    assert saved['meta']['iter'] in (6, 7, 8)
    run(tmp_path, 'resume')
    assert torch.load(tmp_path / 'epoch_3.pth', weights_only=True)['meta']['iter'] == 15


def test_launchers_are_found_out(monkeypatch):
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'SLURM_PROCID'):
        monkeypatch.delenv(name, raising=False)
    assert launched_by(None) == 'none'
    monkeypatch.setenv('SLURM_PROCID', '0')
    monkeypatch.setenv('SLURM_STEP_NUM_TASKS', '2')
    with pytest.raises(UserError, match='add --launcher slurm'):
        launched_by(None)
    assert launched_by('none') == 'none'
    for name, value in (('RANK', 0), ('WORLD_SIZE', 2), ('LOCAL_RANK', 0)):
        monkeypatch.setenv(name, str(value))
    assert launched_by(None) == 'pytorch'
    monkeypatch.setenv('WORLD_SIZE', '1')
    monkeypatch.delenv('SLURM_PROCID')
    assert launched_by(None) == 'none'


def test_an_unknown_launcher():
    with pytest.raises(ConfigError, match="'pytroch'; did you mean 'pytorch'"):
        init_distributed('pytroch')


@pytest.mark.parametrize(
    ('launcher', 'word'),
    [('pytorch', 'torchrun'), ('slurm', 'srun'), ('mpi', 'mpirun')],
)
def test_a_process_that_no_launcher_started(launcher, word, monkeypatch):
    for name in list(os.environ):
        if name.startswith(('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'SLURM', 'OMPI')):
            monkeypatch.delenv(name)
    with pytest.raises(UserError, match=f'start the processes with {word}'):
        init_distributed(launcher)


def test_idle_parameters_are_named():
    wrapper = MMDistributedDataParallel.__new__(MMDistributedDataParallel)
    nn.Module.__init__(wrapper)
    wrapper.module = nn.ModuleDict(dict(neck=nn.Linear(2, 2), head=nn.Linear(2, 2)))
    wrapper.module['neck'].weight.requires_grad = False  # not counted by torch
    message = 'Parameter indices which did not receive grad for rank 1: 0 2'
    assert wrapper._idle_parameters(message) == (
        'the loss does not depend on some parameters (2 of 3: neck.bias, head.bias), '
        'while several processes wait for the gradients of all; set '
        'find_unused_parameters=True at the top of the config, or remove these '
        'parameters from the model'
    )
