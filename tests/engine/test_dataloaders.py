"""What a data loader says before it starts."""

import os
import warnings

from support.training import toy_runner

from mmlite.engine.dataloaders import report_many_workers


def test_more_workers_than_cores_are_reported_once(tmp_path, monkeypatch, capsys):
    toy_runner(tmp_path)  # a logger that writes to the terminal
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: {0, 1}, raising=False)
    report_many_workers.cache_clear()
    with warnings.catch_warnings():
        for workers in (2, 4, 4):
            report_many_workers(workers)
        warnings.warn('This DataLoader will create 4 worker processes', stacklevel=1)
    out = capsys.readouterr().out
    assert out.count('warning: num_workers=4 of a data loader are more than the 2') == 1
    assert 'num_workers=2 of' not in out
    report_many_workers.cache_clear()
