"""Rows of the log over several runs of one training."""

from __future__ import annotations

import re
import signal

import pytest
from mmengine.hooks import Hook
from support.training import toy_runner

from mmlite.engine import Interrupted
from mmlite.report import read_run

HOOKS = dict(logger=dict(interval=2), progress=dict(line_seconds=0))


class StopAfter(Hook):
    """Presses Ctrl-C."""

    priority = 'LOWEST'

    def __init__(self, done):
        self.done = done

    def after_train_iter(self, runner, **kwargs):
        if runner.iter + 1 == self.done:
            signal.raise_signal(signal.SIGINT)


def points_of(folder):
    scalars = read_run(folder).scalars
    results = {k: v for k, v in scalars.val.items() if k.startswith('toy')}
    return {name: scalars.train[name] for name in ('loss', 'lr')} | results


@pytest.fixture(scope='module')
def expected(tmp_path_factory):
    """What a training without a break logs."""
    folder = tmp_path_factory.mktemp('whole')
    toy_runner(folder, default_hooks=HOOKS).train()
    return points_of(folder)


@pytest.mark.parametrize('done', [8, 10])
def test_a_resumed_training_has_the_rows_of_one_without_a_break(
    tmp_path, capsys, expected, done
):
    """Stopped between two rows, and between an epoch and its validation."""
    assert [place for place, _ in expected['loss']] == [2, 4, 5, 7, 9, 10, 12, 14, 15]
    stopped = toy_runner(tmp_path / 'b', default_hooks=HOOKS)
    stopped.register_hook(StopAfter(done))
    with pytest.raises(Interrupted):
        stopped.train()
    capsys.readouterr()
    toy_runner(tmp_path / 'b', default_hooks=HOOKS, resume=True).train()
    found = points_of(tmp_path / 'b')
    assert found.keys() == expected.keys()
    for name, points in expected.items():
        assert found[name] == [(place, pytest.approx(v)) for place, v in points], name
    # An epoch that was over has its line again.
    again = [
        value for place, value in points_of(tmp_path / 'b')['loss'] if place > done
    ]
    again = [dict(expected['loss'])[done], *again] if done == 10 else again
    shown = re.findall(r'loss (\d\.\d{4})', capsys.readouterr().out)
    assert shown == [f'{value:.4f}' for value in again]
