"""The scripts run from beginning to end; what they measure is not looked at."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / 'benchmarks'
ON_CPU = [f'C{i}' for i in (*range(1, 17), *range(20, 24))]
ON_CPU += [f'S{i}' for i in range(1, 6)]
ON_CPU += [f'V{i}' for i in range(1, 5)]
ON_GPU = [f'G{i}' for i in range(1, 17)]


@pytest.mark.slow
@pytest.mark.parametrize('name', ON_CPU)
def test_each_line_of_cpu(name, session):
    lines = importlib.import_module('cpu').BENCHMARKS[name](session)
    assert lines and {line.id for line in lines} == {name}
    absent = [line for line in lines if line.ratio is None]
    assert {line.note for line in absent} <= {
        'peer absent',
        'Pillow absent',
        'simplejpeg absent',
        'faiss absent',
        'timm absent',
    }
    alone = ('C4', 'C6', 'C14', 'C15', 'C16', 'V1')
    assert len(absent) < len(lines) or name in alone
    assert all(line.goal for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize('name', ON_GPU)
def test_each_line_of_gpu(name, session):
    lines = importlib.import_module('gpu').BENCHMARKS[name](session)
    lines = list(lines)
    assert lines and {line.id for line in lines} == {name}
    absent = [line for line in lines if line.ratio is None]
    assert {line.note for line in absent} <= {'peer absent', 'timm absent'}
    assert len(absent) < len(lines) or name in ('G2', 'G3')
    assert all(line.goal for line in lines)


def run(script: str, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(FOLDER / script), *words],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_the_table_is_printed_and_written(tmp_path):
    file = tmp_path / 'table.json'
    done = run('cpu.py', '--tiny', '--only', 'C9,C4', '--json', str(file))
    assert done.returncode == 0, done.stderr
    names, rule, ema, _, peer, why = done.stdout.splitlines()
    assert re.split(r'\s*\|\s*', names) == [
        *('id', 'what', 'ratio', 'goal', 'spread', 'met'),
    ]
    assert set(rule) == set('-|')
    assert ema.startswith('C9') and peer.startswith('C4')
    assert 'peer absent' in why
    table = json.loads(file.read_text())
    assert table['torch'] == torch.__version__
    assert [line['id'] for line in table['lines']] == ['C9', 'C4']
    assert table['lines'][0]['goal'] == '<= 0.15'


@pytest.mark.slow
def test_unknown_lines_are_reported():
    done = run('cpu.py', '--only', 'C99')
    assert done.returncode == 1
    assert 'there is no C99; there are C1, C2' in done.stderr


@pytest.mark.slow
def test_accuracy_with_real_data(session, tmp_path):
    from airbench import airbench
    from data import write_cifar10

    session.cifar10 = write_cifar10(tmp_path / 'real', images_per_file=16)
    lines = [line for line in airbench(session) if 'top-1' in line.what]
    assert len(lines) == 2
    for line in lines:  # of 16 test images
        assert line.goal.sign == '>=' and line.goal.bound == pytest.approx(93.9)
        assert line.ratio * 16 / 100 == pytest.approx(round(line.ratio * 16 / 100))


@pytest.mark.slow
def test_without_a_gpu_nothing_is_measured():
    done = run('gpu.py', '--all')
    assert done.returncode == 0
    assert done.stdout.startswith('There is no GPU here')


class TestPeer:
    WORKER = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request['name'] == 'end':
        sys.exit('it ends here')
    wrong = request['name'] == 'fail'
    answer = dict(error='a trace') if wrong else dict(value=request['arguments'])
    print(json.dumps(answer), flush=True)
"""

    @pytest.fixture
    def peer(self, find_benchmarks, tmp_path, monkeypatch):
        import peer

        (tmp_path / 'peer_worker.py').write_text(self.WORKER)
        monkeypatch.setattr(peer, '__file__', str(tmp_path / 'peer.py'))
        with peer.Peer(sys.executable, tmp_path) as running:
            yield running

    def test_its_python_is_named_from_here(self, find_benchmarks):
        from session import arguments

        parser = arguments('', {})
        options = parser.parse_args(['--peer', os.path.relpath(sys.executable)])
        assert options.peer == sys.executable

    @pytest.mark.slow
    def test_a_python_that_is_not_there(self):
        done = run('cpu.py', '--peer', 'nowhere/python')
        assert done.returncode == 2
        assert 'nowhere/python is no program; bash benchmarks/setup' in done.stderr

    def test_answers(self, peer):
        assert peer.ask('echo', images=3) == dict(images=3)
        assert peer.ask('echo', a=[1], b='x') == dict(a=[1], b='x')

    def test_tells_what_failed(self, peer):
        with pytest.raises(RuntimeError, match='the peer failed in fail:\na trace'):
            peer.ask('fail')

    def test_tells_its_last_words(self, peer):
        with pytest.raises(RuntimeError, match='the peer ended in end:\nit ends here'):
            peer.ask('end')
