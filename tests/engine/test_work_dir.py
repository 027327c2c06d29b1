"""Whose a folder is, and what is left in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.training import toy_runner

from mmlite.engine.checkpoints.best import better, score_of
from mmlite.engine.checkpoints.writer import part_of, remove_leftovers

ONE = dict(train_cfg=dict(by_epoch=True, max_epochs=1))


@pytest.mark.slow
def test_a_second_training_in_a_folder_is_said(tmp_path, capsys):
    code = (
        'import logging, sys\n'
        'from mmlite.engine.work_dir import occupied\n'
        f'with occupied({str(tmp_path)!r}, logging.getLogger()):\n'
        '    print("there", flush=True)\n'
        '    sys.stdin.read()\n'
    )
    command = [sys.executable, '-c', code]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as other:
        assert other.stdout.readline() == b'there\n'
        toy_runner(tmp_path, **ONE).train()
        other.kill()
    said = f'another training writes to {tmp_path} too (process {other.pid} on'
    assert said in capsys.readouterr().out
    toy_runner(tmp_path, resume=True, **ONE).train()
    assert 'another training' not in capsys.readouterr().out


def test_checkpoints_of_an_earlier_training_are_said(tmp_path, capsys):
    toy_runner(tmp_path, **ONE).train()
    assert 'earlier training' not in capsys.readouterr().out
    toy_runner(tmp_path, **ONE).train()
    assert 'an earlier training (epoch_1.pth)' in capsys.readouterr().out
    toy_runner(tmp_path, resume=True, **ONE).train()
    assert 'earlier training' not in capsys.readouterr().out


def test_what_a_killed_process_left_is_removed(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', 'import os; print(os.getpid())'],
        capture_output=True,
        text=True,
    )
    dead, mine = done.stdout.strip(), str(os.getpid())
    name = part_of(Path('epoch_1.pth')).name
    assert f'-{mine}-' in name
    for pid in (dead, mine):
        (tmp_path / name.replace(f'-{mine}-', f'-{pid}-')).touch()
    elsewhere = name.replace(f'-{mine}-', f'-{dead}-').split('.pth.')
    other = tmp_path / f'{elsewhere[0]}.pth.other{elsewhere[1]}'
    other.touch()
    assert remove_leftovers(tmp_path) == [name.replace(f'-{mine}-', f'-{dead}-')]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, other.name])


@pytest.mark.parametrize(
    ('score', 'best', 'rule', 'wins'),
    [
        (0.5, None, 'greater', True),
        (0.5, float('nan'), 'greater', True),
        (0.5, 0.4, 'greater', True),
        (0.5, 0.5, 'greater', False),
        (0.5, 0.6, 'less', True),
        (0.5, 'x', 'less', True),
    ],
)
def test_better(score, best, rule, wins):
    assert better(score, best, rule) == wins


def test_nan_is_no_score():
    assert score_of(float('nan')) is None
    assert score_of(3) == 3.0


def best_in(folder):
    return sorted(p.name for p in folder.glob('best_*.pth'))


def test_the_best_of_another_folder_stays(tmp_path):
    hooks = dict(default_hooks=dict(checkpoint=dict(save_best='toy/acc', interval=1)))
    first = toy_runner(tmp_path / 'a', **ONE, **hooks)
    first.train()
    before = best_in(tmp_path / 'a')
    first.message_hub.update_info('best_score', -1.0)  # so that the next one is better
    first.save_checkpoint(
        str(tmp_path / 'a'), 'epoch_1.pth', meta=dict(epoch=1, iter=5)
    )
    again = toy_runner(
        tmp_path / 'b',
        train_cfg=dict(by_epoch=True, max_epochs=2),
        resume=True,
        load_from=str(tmp_path / 'a/epoch_1.pth'),
        **hooks,
    )
    again.train()
    assert best_in(tmp_path / 'a') == before
    assert best_in(tmp_path / 'b') != []
