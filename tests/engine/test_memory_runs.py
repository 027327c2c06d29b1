"""Training on data in memory: resumed, validated, in two processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.memory_run import CROP, FLIP, JITTER, CtrlC, memory_cfg, memory_runner

from mmlite.config import check_config
from mmlite.engine import Interrupted
from mmlite.engine.in_memory_loader import InMemoryLoader
from mmlite.errors import ConfigError

BY_ITER = dict(
    train_cfg=dict(type='IterBasedTrainLoop', max_iters=12, val_interval=4),
    default_hooks=dict(checkpoint=dict(by_epoch=False, interval=5)),
)


def weights(runner):
    return runner.model.state_dict()


def test_it_trains_as_the_other_way(tmp_path):
    ours = memory_runner(tmp_path / 'a')
    theirs = memory_runner(tmp_path / 'b', in_memory=False)
    ours.train()
    theirs.train()
    assert isinstance(ours.train_dataloader, InMemoryLoader)
    assert isinstance(ours.val_dataloader, InMemoryLoader)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=0)
    assert ours.val() == theirs.val()


@pytest.mark.parametrize('changes', [{}, BY_ITER], ids=['epochs', 'iterations'])
@pytest.mark.parametrize('stop_at', [4, 7])
def test_resume_is_exact(tmp_path, changes, stop_at):
    straight = memory_runner(tmp_path / 'a', CROP, FLIP, **changes)
    straight.train()
    stopped = memory_runner(tmp_path / 'b', CROP, FLIP, **changes)
    stopped.register_hook(CtrlC(stop_at))
    with pytest.raises(Interrupted):
        stopped.train()
    torch.manual_seed(99)
    resumed = memory_runner(tmp_path / 'b', CROP, FLIP, resume=True, **changes)
    resumed.train()
    assert resumed.iter == straight.iter
    torch.testing.assert_close(weights(resumed), weights(straight), rtol=0, atol=0)


SCRIPT = """
import sys
from support.memory_run import CROP, FLIP, memory_runner
runner = memory_runner(sys.argv[1], CROP, FLIP, batch_size=4, launcher='pytorch')
runner.train()
"""


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path):
    Path('two.py').write_text(SCRIPT)
    command = [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2']
    command += ['--master_port', str(20000 + os.getpid() % 20000)]
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1]))
    done = subprocess.run(
        [*command, 'two.py', str(tmp_path / 'two')],
        env=env | dict(OMP_NUM_THREADS='1'),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    alone = memory_runner(tmp_path / 'one', CROP, FLIP)
    alone.train()
    together = torch.load(tmp_path / 'two/epoch_3.pth', weights_only=True)
    torch.testing.assert_close(
        together['state_dict'], weights(alone), rtol=1e-5, atol=1e-5
    )


def test_the_checker_knows_the_key(tmp_path):
    assert check_config(memory_cfg(tmp_path, CROP)) == []
    cfg = memory_cfg(tmp_path, CROP, in_memory='yes')
    assert [str(problem) for problem in check_config(cfg)] == [
        f"{split}_dataloader.in_memory: expects bool, got 'yes' (str)"
        for split in ('train', 'val')
    ]
    cfg = memory_cfg(tmp_path)
    cfg.train_dataloader.in_memroy = cfg.train_dataloader.pop('in_memory')
    (problem,) = check_config(cfg)
    assert "did you mean 'in_memory'?" in str(problem)


def test_what_cannot_be_had_says_where(tmp_path):
    with pytest.raises(
        ConfigError,
        match='train_dataloader.dataset.pipeline.0: ColorJitter has no batched version',
    ):
        memory_runner(tmp_path, JITTER).train()
