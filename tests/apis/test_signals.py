"""A signal ends a command in one line, and what it has begun is removed."""

import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from support.runs import DIGITS, TINY

from mmlite.apis import Inferencer, init_model
from mmlite.apis.cli import main
from mmlite.apis.signals import Terminated, ending_by_signals

ENDINGS = {'SIGINT': '', 'SIGTERM': ' by SIGTERM', 'SIGHUP': ' by SIGHUP'}
for_each_signal = pytest.mark.parametrize('name', ENDINGS)


def ended_by(name, capsys, words):
    """Run a command that gets a signal; return what it printed before the end."""
    number = getattr(signal, name)
    before = signal.getsignal(number)
    assert main(words) == 128 + number
    assert signal.getsignal(number) == before
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == f'interrupted{ENDINGS[name]}'
    return printed.out + printed.err


@pytest.fixture(autouse=True)
def of_a_terminal():
    """Ctrl-C is an error, also where a shell has the tests in its background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def weights():
    model = init_model(DIGITS, overrides=TINY)
    torch.save(dict(state_dict=model.state_dict()), 'a.pth')
    return [DIGITS, 'a.pth']


def raise_in(monkeypatch, signum, target, name, times=1):
    """Let a function get a signal in the call of that number."""
    original, calls = getattr(target, name), []

    def signalled(*args, **kwargs):
        calls.append(0)
        if len(calls) == times:
            signal.raise_signal(getattr(signal, signum))
        return original(*args, **kwargs)

    monkeypatch.setattr(target, name, signalled)


@for_each_signal
@pytest.mark.parametrize('workers', ['0', '1'])
def test_while_it_predicts(monkeypatch, capsys, weights, name, workers):
    raise_in(monkeypatch, name, Inferencer, 'run_model', times=3)
    for number in range(5):
        cv2.imwrite(f'{number}.png', np.full((32, 32, 3), number, np.uint8))
    words = ['predict', *weights, '*.png', '--batch-size', '1', '--out', 'rows.json']
    options = ['--num-workers', workers, '--cfg-options', *TINY]
    said = ended_by(name, capsys, [*words, *options])
    assert 'rows.json is not written, after 2 predictions' in said
    assert '1.png: ' in said and '2.png: ' not in said
    assert not Path('rows.json').exists()


@for_each_signal
def test_while_it_tests(monkeypatch, capsys, weights, name):
    raise_in(monkeypatch, name, torch.nn.Linear, 'forward')
    words = ['test', *weights, '--out', 'rows.json', '--work-dir', 'w']
    said = ended_by(name, capsys, [*words, '--cfg-options', *TINY])
    assert 'accuracy' not in said and not Path('rows.json').exists()


@for_each_signal
def test_while_it_exports(monkeypatch, capsys, weights, name):
    pytest.importorskip('onnxruntime')
    raise_in(monkeypatch, name, torch.onnx, 'export')
    Path('out').mkdir()
    Path('out/net.onnx').write_bytes(b'before')
    words = ['export', *weights, '--out', 'out/net.onnx', '--cfg-options', *TINY]
    ended_by(name, capsys, words)
    assert [path.name for path in Path('out').iterdir()] == ['net.onnx']
    assert Path('out/net.onnx').read_bytes() == b'before'


def test_a_second_signal_does_not_disturb_the_first():
    with pytest.raises(Terminated, match='by SIGTERM'), ending_by_signals():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_by_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_processes_that_wait_for_each_other_end_at_once(monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')
    with ending_by_signals():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
