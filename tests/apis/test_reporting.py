import json

import pytest

from mmlite.apis import report
from mmlite.apis.cli import main
from mmlite.errors import UserError


@pytest.fixture
def runs(tmp_path):
    for name in 'ab':
        folder = tmp_path / name / '20260101/vis_data'
        folder.mkdir(parents=True)
        lines = [dict(lr=0.1, loss=1.0 / i, iter=i) for i in (1, 2)]
        (folder / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
    return [tmp_path / 'a', tmp_path / 'b']


def test_of_one_run_it_lies_beside_it(runs):
    assert report(runs[0]) == runs[0] / 'report.html'
    assert '<h1>a</h1>' in (runs[0] / 'report.html').read_text()


def test_of_several_it_lies_here(runs, tmp_path, capsys):
    assert main(['report', *map(str, runs)]) == 0
    assert capsys.readouterr().out == 'comparison.html\n'
    assert '<h1>2 runs</h1>' in (tmp_path / 'comparison.html').read_text()
    assert report(runs, tmp_path / 'new/page.html').is_file()


def test_mistakes(runs, capsys):
    with pytest.raises(UserError, match='name one work_dir or more'):
        report([])
    assert main(['report', 'absent']) == 1
    assert capsys.readouterr().err == 'error: there is no work_dir absent\n'
