"""What a data loader says before it starts."""

import os
import warnings

from support.training import ToyRunPoints, toy_runner

from mmlite.engine.dataloaders import (
    build_dataloader,
    report_many_workers,
    show_unless_left,
)


def test_more_workers_than_cores_are_reported_once(tmp_path, monkeypatch, capsys):
    toy_runner(tmp_path)  # a logger that writes to the terminal
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: {0, 1}, raising=False)
    report_many_workers.cache_clear()
    for workers in (2, 4, 4):
        report_many_workers(workers)
    out = capsys.readouterr().out
    assert out.count('warning: num_workers=4 of a data loader are more than the 2') == 1
    assert 'num_workers=2 of' not in out
    report_many_workers.cache_clear()


def test_torch_does_not_say_it_too_in_a_later_run(tmp_path, monkeypatch):
    """Of one process, or of one runner that validates after its training."""
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: {0}, raising=False)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter('always')
        for _ in range(2):
            with warnings.catch_warnings():
                sampler = dict(type='DefaultSampler', shuffle=False)
                cfg = dict(dataset=ToyRunPoints(), sampler=sampler)
                loader = build_dataloader(dict(cfg, batch_size=4, num_workers=2))
        runner = toy_runner(tmp_path, default_hooks=dict(report=None))
        with runner._running():
            next(iter(loader))
    assert [w for w in found if 'worker process' in str(w.message)] == []


def test_a_worker_says_nothing_of_a_main_process_that_has_left(capsys):
    for error in (ConnectionResetError(104, 'reset'), EOFError()):
        show_unless_left(type(error), error, None)
    assert capsys.readouterr().err == ''
    show_unless_left(ValueError, ValueError('of its own'), None)
    assert capsys.readouterr().err == 'ValueError: of its own\n'
