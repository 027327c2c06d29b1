"""A task that mmlite does not have takes six files, and changes none of mmlite's."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlite import apis
from mmlite.apis.inferencers import base
from mmlite.datasets.transforms import fields
from mmlite.engine.checkpoints import load_checkpoint
from mmlite.errors import DataError
from mmlite.registry import DATASETS, METRICS, MODELS
from mmlite.visualization import DRAWERS

HERE = Path(__file__).parent
CROPS = 'train_dataloader.dataset.pipeline.0'
CROPS += "={'type':'CenterCrop','crop_size':16,'_delete_':True}"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder with the package and its recipe, as the working directory."""
    shutil.copytree(HERE / 'my_points', tmp_path / 'my_points')
    shutil.copy(HERE / 'points.py', tmp_path)
    assert len([*tmp_path.rglob('*.py')]) == 6
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', [*sys.path])
    yield tmp_path
    for module in [m for m in sys.modules if m.split('.')[0] == 'my_points']:
        del sys.modules[module]
    for registry in (MODELS, DATASETS, METRICS):
        known = registry.module_dict
        for key in [k for k, v in known.items() if v.__module__.startswith('my_')]:
            del known[key]
    base._OF_TASKS.pop('points', None)
    DRAWERS.pop('points', None)
    fields.FIELDS.pop('gt_points', None)


def _without_looking():
    """The distance of the middle of all corners to them."""
    corners = DATASETS.build(dict(type='Corners', seed=1, size=12))
    points = np.stack([corners[i]['gt_points'] for i in range(12)])
    return np.linalg.norm(points - points.mean(axis=0), axis=2).mean()


@pytest.mark.slow
def test_a_new_task_from_training_to_export(package):
    apis.train('points.py', work_dir='straight')
    first = dict(work_dir='parts', overrides=['train_cfg.max_epochs=2'])
    apis.train('points.py', **first)
    apis.train('points.py', work_dir='parts', resume=True)
    ours, theirs = (load_checkpoint(f'{d}/epoch_12.pth') for d in ('straight', 'parts'))
    for name, value in ours['state_dict'].items():
        assert torch.equal(value, theirs['state_dict'][name]), name
    assert len([*Path('straight').glob('best_points_distance_*.pth')]) == 1
    metrics = apis.test('points.py', 'straight/epoch_12.pth', work_dir='tested')
    assert metrics['points/distance'] < 4 < _without_looking()

    predict = apis.Inferencer('points.py', 'straight/epoch_12.pth')
    image = np.full((32, 32, 3), 40, np.uint8)
    (prediction,) = predict(image)
    assert type(prediction).__name__ == 'PointPrediction'
    assert np.shape(prediction['pred_points']) == (2, 2)
    assert prediction.text().count('(') == 2
    drawn = prediction.plot()
    assert [255, 0, 0] in drawn.reshape(-1, 3).tolist()
    alone = predict([image, image], batch_size=2)
    one, other = (each['pred_points'] for each in alone)
    np.testing.assert_allclose(one, other, rtol=1e-5)

    checkpoint = 'straight/epoch_12.pth'
    how = dict(format='torch-export', size=32, preprocessing=True)
    apis.export('points.py', checkpoint, out='points.pt2', **how)
    program = torch.export.load('points.pt2').module()
    (found,) = program(torch.from_numpy(image.transpose(2, 0, 1)).float()[None])
    np.testing.assert_allclose(found[0].detach(), prediction['pred_points'], rtol=1e-4)

    with pytest.raises(DataError, match='gt_points: .* cropped.*method crop'):
        apis.train('points.py', work_dir='cropped', overrides=[CROPS])
