"""From a folder to an exported model, as a new user of each task would."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import tiny_folders

from mmlite.apis.cli import main

#: Of each task: its data, what is asked for, the arguments of predict.
TASKS = {
    'classification': (tiny_folders.class_folders, [], ['data/cat/0.png']),
    'retrieval': (
        tiny_folders.class_folders,
        ['--task', 'retrieval'],
        ['data/cat/0.png'],
    ),
    'selfsup': (
        tiny_folders.class_folders,
        ['--task', 'selfsup'],
        ['data/cat/0.png'],
    ),
    'detection': (tiny_folders.coco, [], ['data/val/val_0.jpg']),
    'gait': (tiny_folders.walks, [], ['data/000/nm-01/000']),
    'stereo': (tiny_folders.pairs, [], ['data/left/0.png', 'data/right/0.png']),
}


@pytest.mark.slow
@pytest.mark.parametrize('task', TASKS)
def test_train_test_predict_export(task, capsys):
    make, words, inputs = TASKS[task]
    make(Path('data'))
    args = ['train', '--data', 'data', '--epochs', '2', '--work-dir', 'out', *words]
    assert main(args) == 0
    (recipe,) = (p for p in Path('out').glob('data_*.py') if 'whole' not in p.stem)
    assert f'recipe    {recipe}' in capsys.readouterr().out
    checkpoint = str(Path('out/epoch_2.pth'))
    assert main(['test', str(recipe), checkpoint]) == 0
    shown = ['--show-dir', 'shown', '--out', 'rows.json']
    assert main(['predict', checkpoint, *inputs, *shown]) == 0
    assert list(Path('shown').iterdir())
    pytest.importorskip('onnxruntime')
    assert main(['export', checkpoint, '--out', 'net.onnx']) == 0
    assert Path('net.onnx').stat().st_size > 1000
