"""The two guides on models of one's own, followed in a user's package."""

import shutil
import sys
from pathlib import Path

import pytest
import torch

from mmlite import apis
from mmlite.registry import DATASETS, METRICS, MODELS

HERE = Path(__file__).parent
COUNTS = dict(gait=5, stereo=3)


@pytest.fixture(params=COUNTS)
def task(request, tmp_path, monkeypatch):
    """A folder with the package and the config of a task; NewModel is that of it."""
    name = request.param
    shutil.copytree(HERE / f'my_{name}', tmp_path / f'my_{name}')
    shutil.copy(HERE / f'{name}.yaml', tmp_path)
    monkeypatch.chdir(tmp_path)
    yield name
    for module in [m for m in sys.modules if m.startswith(f'my_{name}')]:
        del sys.modules[module]
    for registry in (MODELS, DATASETS, METRICS):
        known = registry.module_dict
        for key in [k for k, v in known.items() if v.__module__.startswith('my_')]:
            del known[key]


def test_trained_resumed_and_tested(task):
    config = f'{task}.yaml'
    runner = apis.train(config, ['train_cfg.max_epochs=1'], work_dir='cut')
    assert type(runner.model).__module__ == f'my_{task}.newmodel'
    resumed = apis.train(config, work_dir='cut', resume=True)
    straight = apis.train(config, work_dir='straight')
    for name, value in straight.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    metrics = apis.test(config, 'straight/epoch_2.pth', work_dir='tested')
    assert metrics[f'{task}/count'] == COUNTS[task]


def test_predictions_do_not_depend_on_the_batch(task):
    config = f'{task}.yaml'
    apis.train(config, ['train_cfg.max_epochs=1'], work_dir='trained')
    found = [
        apis.test(
            config,
            'trained/epoch_1.pth',
            [f'test_dataloader.batch_size={size}'],
            work_dir='tested',
        )
        for size in (1, 3, 5)
    ]
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-6)
