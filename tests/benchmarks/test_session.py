"""What holds a table together: errors, the time that is left, and the file."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).parents[2] / 'benchmarks'


def options(**changes):
    given = dict(only=None, json=None, peer=None, tiny=True, rounds=1)
    return SimpleNamespace(**(given | changes))


@pytest.fixture
def benchmarks(find_benchmarks):
    from protocol import Goal, Line

    def good(session):
        """A1: what works."""
        return [Line('A1', 'this', Goal('>=', 1), [2.0])]

    def bad(session):
        """A2: what fails half-way."""
        yield Line('A2', 'the first part', Goal('>=', 1), [3.0])
        raise RuntimeError('out of memory\nand more')

    def last(session):
        """A3: what comes behind it."""
        yield Line('A3', 'that', Goal('>=', 1), [4.0])

    return dict(A1=good, A2=bad, A3=last)


def test_an_error_is_a_line_and_the_others_go_on(benchmarks, capsys):
    from session import measure

    lines = measure(options(), benchmarks, 'a device')
    assert [line.id for line in lines] == ['A1', 'A2', 'A2', 'A3']
    assert [line.ratio for line in lines] == [2.0, 3.0, None, 4.0]
    assert [line.failed for line in lines] == [False, False, True, False]
    failed = lines[2]
    assert failed.what == 'what fails half-way'
    place = r'\(test_session\.py:\d+\)$'
    assert re.match(rf'failed: RuntimeError: out of memory {place}', failed.note)
    out, err = capsys.readouterr()
    assert 'failed: RuntimeError: out of memory' in out
    assert 'Traceback' in err and 'and more' in err


def test_an_error_names_the_last_line_of_the_project(benchmarks):
    from session import attempted

    (line,) = attempted('A', 'this', lambda: [json.loads('no json')])
    assert '(test_session.py:' in line.note


def test_the_file_is_written_after_every_line(benchmarks, tmp_path):
    from session import measure

    file, seen = tmp_path / 'table.json', []

    def look(session):
        seen.append([line['id'] for line in json.loads(file.read_text())['lines']])
        yield from ()

    measure(options(json=file), dict(benchmarks, A4=look), 'a device')
    table = json.loads(file.read_text())
    assert seen == [['A1', 'A2', 'A2', 'A3']]
    assert table['device'] == 'a device'
    assert [line['failed'] for line in table['lines']] == [False, False, True, False]


def test_ctrl_c_ends_it(find_benchmarks):
    from session import measure

    def interrupted(session):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(options(), dict(A=interrupted), 'a device')


def test_what_does_not_fit_the_budget_is_left_out(benchmarks, monkeypatch):
    from session import Session, title, within

    clock = [100.0]
    monkeypatch.setattr(time, 'perf_counter', lambda: clock[0])
    limited = within(50, benchmarks, dict(A1=40, A2=40, A3=10))
    session = Session(Path('.'))
    (line,) = limited['A1'](session)
    assert line.ratio == 2.0
    clock[0] += 35
    (line,) = limited['A2'](session)
    assert line.ratio is None and not line.failed and line.what == 'what fails half-way'
    assert line.note == 'left out: takes about 40 s, and 15 s are left'
    (line,) = limited['A3'](session)
    assert line.ratio == 4.0
    assert title('A3', limited['A3']) == 'what comes behind it'


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'code'), [('A1', 0), ('A2', 1)])
def test_the_exit_code_says_whether_a_line_failed(
    name, code, benchmarks, monkeypatch, tmp_path
):
    import cpu
    import gpu

    monkeypatch.setattr(cpu, 'one_thread', lambda: None)
    for script in (cpu, gpu):
        monkeypatch.setattr(script, 'BENCHMARKS', benchmarks)
        words = ['--tiny', '--only', name, '--json', str(tmp_path / 'table.json')]
        assert script.main(words) == code
        lines = json.loads((tmp_path / 'table.json').read_text())['lines']
        assert any(line['failed'] for line in lines) is bool(code)


@pytest.mark.slow
def test_the_readme_has_the_seconds_of_every_line(find_benchmarks):
    from gpu import SECONDS

    text = (FOLDER / 'README.md').read_text()
    stated = {
        name: int(seconds)
        for names, seconds in re.findall(r'^\| (G[\dG, ]+) \| (\d+) s \|', text, re.M)
        for name in names.split(', ')
    }
    assert stated == SECONDS
    total = int(re.search(r'all of them (\d+) s', text).group(1))
    without = sum(SECONDS.values()) - SECONDS['G2'] - SECONDS['G3']
    assert total == without


def test_iterations_that_do_not_count(find_benchmarks, monkeypatch):
    """Two in a turn take 1 s, and three of 10 s count."""
    import turns

    clock = [0.0]
    monkeypatch.setattr(turns.torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(turns.time, 'perf_counter', lambda: clock[0])
    hook = turns.TurnsHook({}, segment=5, rounds=2, warmup=0, skipped=2)
    hook.before_train_epoch(None)
    for _ in range(2):
        for seconds in (1.0, 1.0, 10.0, 10.0, 10.0):
            clock[0] += seconds
            hook.after_train_iter(None)
    assert hook.taken == dict(mmlite=[10.0, 10.0])


def test_samples_per_second_are_compared(find_benchmarks):
    from protocol import Goal, Rounds, speed

    taken = Rounds(mmlite=[0.5, 0.4], bare=[0.4, 0.4])
    line = speed('G15', 'this', Goal('>=', 0.95), taken, 'bare', 8, 'walk')
    assert line.ratios == [0.8, 1.0]
    assert line.note == 'mmlite 18 walk/s, bare 20 walk/s'
