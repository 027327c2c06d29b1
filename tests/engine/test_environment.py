"""What a run asks of the machine."""

from __future__ import annotations

import os
import sys

import pytest
import torch
from support.training import toy_runner

from mmlite.engine.environment import allow_tf32, describe_system
from mmlite.errors import UserError
from mmlite.registry import MODELS


def precision():
    return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32


@pytest.fixture
def precision_stays():
    yield
    torch.set_float32_matmul_precision('highest')
    torch.backends.cudnn.allow_tf32 = True


@pytest.mark.parametrize(
    ('allowed', 'wanted'), [(True, ('high', True)), (False, ('highest', False))]
)
def test_tf32_on_a_gpu(monkeypatch, precision_stays, allowed, wanted):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    allow_tf32(allowed)
    assert precision() == wanted


@pytest.mark.parametrize(
    ('settings', 'wanted'),
    [
        (dict(), True),
        (dict(env_cfg=dict(tf32=False)), False),
        (dict(randomness=dict(seed=1, deterministic=True)), False),
        (dict(randomness=dict(deterministic=True)), False),
    ],
)
def test_what_a_config_says(
    tmp_path, monkeypatch, deterministic_ends, settings, wanted
):
    said = []
    for module in ('assembly', 'determinism'):
        monkeypatch.setattr(f'mmlite.engine.{module}.allow_tf32', said.append)
    monkeypatch.delenv('CUBLAS_WORKSPACE_CONFIG', raising=False)
    toy_runner(tmp_path, **settings)
    assert said[-1] is wanted
    deterministic = settings.get('randomness', {}).get('deterministic', False)
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    assert ('CUBLAS_WORKSPACE_CONFIG' in os.environ) == deterministic


def test_a_machine_without_a_gpu_is_left_alone(tmp_path):
    before = precision()
    toy_runner(tmp_path, env_cfg=dict(tf32=True))
    assert precision() == before


def test_deterministic_trainings_are_alike(tmp_path, deterministic_ends):
    def weights(name):
        settings = dict(randomness=dict(seed=3, deterministic=True))
        return toy_runner(tmp_path / name, **settings).train().state_dict()

    first, second = weights('a'), weights('b')
    for name, value in first.items():
        assert torch.equal(second[name], value)


@pytest.fixture
def torchvision_of_another_torch(tmp_path, monkeypatch):
    """One that is there, and fails when it is imported."""
    file = tmp_path / 'torchvision.py'
    file.write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith('torchvision')]:
        monkeypatch.delitem(sys.modules, name)


def test_a_torchvision_that_does_not_fit_stops_no_training(
    torchvision_of_another_torch,
):
    found = describe_system()
    assert 'torchvision::nms does not exist' in found['TorchVision']
    assert found['PyTorch'] == torch.__version__
    assert 'torchvision' not in sys.modules


def test_what_needs_it_says_that_it_does_not_fit(torchvision_of_another_torch):
    network = dict(type='TorchvisionBackbone', model_name='resnet18', out_layers=['fc'])
    with pytest.raises(UserError, match='built for another torch fails in this way'):
        MODELS.build(network)
