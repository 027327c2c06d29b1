"""Where a run logs to, beside its own files."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmlite.apis.cli import main
from mmlite.config import add_backends
from mmlite.errors import UserError

LOCAL = dict(type='LocalVisBackend')


@pytest.mark.parametrize(
    'cfg',
    [
        dict(),
        dict(visualizer=dict(type='UniversalVisualizer', vis_backends=[LOCAL])),
        dict(vis_backends=LOCAL),
        dict(visualizer=None, vis_backends=[LOCAL]),
    ],
)
def test_services_are_added_to_the_files_of_a_run(cfg):
    cfg = Config(cfg)
    add_backends(cfg, ['TensorBoard', 'wandb'])
    add_backends(cfg, ['wandb'])
    kinds = [backend.type for backend in cfg.visualizer.vis_backends]
    assert kinds == ['LocalVisBackend', 'TensorboardVisBackend', 'WandbVisBackend']
    assert cfg.visualizer.type == 'UniversalVisualizer'


def test_settings_of_a_backend_stay():
    wandb = dict(type='WandbVisBackend', init_kwargs=dict(project='mine'))
    cfg = Config(dict(vis_backends=[LOCAL, wandb]))
    add_backends(cfg, ['wandb'])
    assert cfg.visualizer.vis_backends[1].init_kwargs.project == 'mine'


def test_without_a_service_nothing_changes():
    cfg = Config(dict(model=dict()))
    add_backends(cfg, [])
    assert 'visualizer' not in cfg


def test_an_unknown_service_and_an_absent_package(capsys, monkeypatch, repo_root):
    with pytest.raises(
        UserError, match="'tensorbord' to log to; did you mean 'tensorboard'"
    ):
        add_backends(Config(dict()), ['tensorbord'])
    monkeypatch.setattr('mmlite.config.backends.find_spec', lambda name: None)
    config = str(repo_root / 'configs/resnet18_digits.py')
    assert main(['train', config, '--log', 'wandb']) == 1
    said = capsys.readouterr().err
    assert "pip install 'mmlite[wandb]'" in said
