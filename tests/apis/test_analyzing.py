import json

import cv2
import pytest

from mmlite.apis import analyze
from mmlite.apis.cli import main
from mmlite.errors import DataError, UserError


@pytest.fixture
def logs(tmp_path):
    """Two work_dirs."""
    for name, speed in (('a', 0.5), ('b', 0.25)):
        folder = tmp_path / name / '20260101_000000/vis_data'
        folder.mkdir(parents=True)
        lines = [
            dict(lr=0.1, loss=9.0 / i, loss_cls=1.0, time=speed * i, iter=i, epoch=1)
            for i in (1, 2, 3)
        ]
        lines.append({'accuracy/top1': 80.0, 'step': 1})
        (folder / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
    return [tmp_path / 'a', tmp_path / 'b']


def test_rows(logs):
    first, second = analyze(logs)
    assert first == dict(
        log=str(logs[0]),
        iterations=3,
        time=pytest.approx(0.5 * 2.5),
        data_time=None,
        lr=0.1,
        loss=3.0,
    ) | {'accuracy/top1': 80.0}
    assert second['time'] == pytest.approx(0.25 * 2.5)


def test_a_file_and_a_log_folder_do_too(logs):
    folder = logs[0] / '20260101_000000'
    rows = analyze([folder, folder / 'vis_data/scalars.json'], ['loss_cls'])
    assert [row['loss_cls'] for row in rows] == [1.0, 1.0]


def test_curves_are_drawn(logs, tmp_path, capsys):
    out = tmp_path / 'new/curves.png'
    assert main(['analyze', *map(str, logs), '--out', str(out)]) == 0
    image = cv2.imread(str(out))
    assert image.shape == (2 * 432, 2 * 780, 3)  # three charts, in two rows of two
    shown = capsys.readouterr().out
    assert f'{logs[1]}\n  iterations           3\n' in shown


def test_mistakes(logs, tmp_path):
    with pytest.raises(UserError, match="no log has a value 'los'; did you mean 'loss"):
        analyze(logs, ['los'])
    with pytest.raises(DataError, match='there is no work_dir'):
        analyze('absent')
    with pytest.raises(UserError, match=r'\.svg or \.jpg files, got'):
        analyze(logs, out=tmp_path / 'a.nothing')
