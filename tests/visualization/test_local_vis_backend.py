from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.visualization import LocalVisBackend as EngineBackend
from support.training import toy_runner

from mmlite.registry import VISBACKENDS
from mmlite.visualization import LocalVisBackend

LINES = [
    (dict(loss=0.25, lr=1e-3), dict(step=3)),
    (dict(loss=float('nan'), step=7), dict(step=4, file_path='run.json')),
    (dict(score=np.float32(0.5), classes=np.arange(3)), dict(file_path='run.json')),
]


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_lines_are_mmengines(tmp_path):
    ours = VISBACKENDS.build(dict(type='LocalVisBackend', save_dir=str(tmp_path / 'a')))
    theirs = EngineBackend(str(tmp_path / 'b'))
    assert type(ours) is LocalVisBackend
    for scalars, where in LINES:
        given = dict(scalars)
        ours.add_scalars(given, **where)
        assert given.keys() == scalars.keys()  # is left as it was
        theirs.add_scalars(scalars, **where)
    assert written(tmp_path / 'a') == written(tmp_path / 'b')
    assert written(tmp_path / 'a').keys() == {'scalars.json', 'run.json'}


def test_a_run_has_it(tmp_path):
    cfg = dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
    runner = toy_runner(tmp_path, visualizer=cfg)
    backends = runner.visualizer._vis_backends.values()
    assert [type(backend) for backend in backends] == [LocalVisBackend]
