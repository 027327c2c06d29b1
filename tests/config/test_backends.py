"""Backends whose packages are not installed."""

import pytest
from mmengine.config import Config
from support.training import toy_runner

from mmlite.config import backend_problems, check_config
from mmlite.errors import ConfigError

BACKENDS = [dict(type='LocalVisBackend'), dict(type='AimVisBackend')]
MESSAGE = "vis_backends.1: AimVisBackend needs the package 'aim'; pip install aim"


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch):
    monkeypatch.setattr('mmlite.config.backends.find_spec', lambda name: None)


@pytest.mark.parametrize(
    ('name', 'package'),
    [('TensorboardVisBackend', 'tensorboard'), ('WandbVisBackend', 'wandb')],
)
def test_the_extra_is_named(name, package):
    (problem,) = backend_problems(dict(type=name))
    assert str(problem) == (
        f"{name} needs the package {package!r}; pip install 'mmlite[{package}]'"
    )


def test_the_check_says_it():
    cfg = Config(dict(visualizer=dict(type='Visualizer', vis_backends=BACKENDS)))
    assert f'visualizer.{MESSAGE}' in map(str, check_config(cfg))


def test_the_runner_says_it(tmp_path):
    with pytest.raises(ConfigError) as caught:
        toy_runner(tmp_path, visualizer=dict(vis_backends=BACKENDS))
    assert str(caught.value) == f'visualizer.{MESSAGE}'


def test_an_installed_one_is_no_problem(monkeypatch):
    cfgs = [dict(type='TensorboardVisBackend')]
    monkeypatch.setattr('mmlite.config.backends.find_spec', {'tensorboard': 1}.get)
    assert backend_problems(cfgs) == []
    # torch's writer, which mmengine uses, does not take the other package.
    monkeypatch.setattr('mmlite.config.backends.find_spec', {'tensorboardX': 1}.get)
    assert len(backend_problems(cfgs)) == 1
