"""channels_last lays out kernels and images anew, and changes nothing else."""

from __future__ import annotations

import pytest
import torch
from support.training import toy_runner

from mmlite.engine import Runner
from mmlite.engine.assembly import _use_channels_last
from mmlite.models.data_preprocessors import ClsDataPreprocessor
from mmlite.registry import MODELS

MODEL = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=8, base_channels=8),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=64),
    data_preprocessor=dict(mean=[127.0] * 3, std=[64.0] * 3),
)


def is_channels_last(tensor):
    laid_out = tensor.is_contiguous(memory_format=torch.channels_last)
    return laid_out and not tensor.is_contiguous()


@pytest.fixture
def gpu(monkeypatch):
    """A machine of which the runner thinks that it has a GPU."""
    monkeypatch.setattr('mmlite.engine.assembly._on_gpu', lambda: True)


def test_outputs_are_the_same():
    model = MODELS.build(MODEL).eval()
    data = dict(inputs=torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8))
    inputs, seen = [], []
    model.backbone.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    model.backbone.register_forward_hook(lambda _, given, out: seen.append(out[0]))
    with torch.no_grad():
        scores = [model(**model.data_preprocessor(data))]
        state = model.state_dict()
        model.use_channels_last()
        scores.append(model(**model.data_preprocessor(data)))
    assert [is_channels_last(x) for x in inputs] == [False, True]
    assert [is_channels_last(x) for x in seen] == [False, True]
    torch.testing.assert_close(*inputs, rtol=0, atol=0)
    torch.testing.assert_close(*scores)
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])


def test_the_config_asks_for_it(tmp_path, gpu):
    runner = Runner.from_cfg(
        dict(model=MODEL, work_dir=str(tmp_path), channels_last=True)
    )
    assert is_channels_last(runner.model.backbone.conv1.weight)


def test_a_cpu_does_without(tmp_path):
    runner = Runner.from_cfg(
        dict(model=MODEL, work_dir=str(tmp_path), channels_last=True)
    )
    assert runner.model.backbone.conv1.weight.is_contiguous()


def test_a_model_of_somebody_else(tmp_path, gpu):
    runner = toy_runner(tmp_path, channels_last=True)
    runner.train()
    assert runner.iter == 15


@pytest.mark.parametrize('mean', [None, [1.0, 2.0, 3.0]])
def test_images_of_several_sizes_stay_as_they_are(mean):
    prepare = ClsDataPreprocessor(mean, mean)
    prepare.memory_format = torch.channels_last
    images = [torch.zeros(3, 4, size, dtype=torch.uint8) for size in (4, 6)]
    batch = prepare(dict(inputs=images), training=True)
    assert batch['inputs'].shape == (2, 3, 4, 6)
    images = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    assert is_channels_last(prepare(dict(inputs=images))['inputs'])


@pytest.mark.parametrize('own', [True, False])
def test_kernels_of_volumes_are_laid_out_as_well(own):
    """Of a network with 2D and 3D convolutions, be it a model of mmlite or not."""
    model = MODELS.build(dict(type='GwcNet', max_disp=16)) if own else None
    if model is None:
        model = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3), torch.nn.Conv3d(2, 4, 3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    _use_channels_last(model)
    kernels = [p for p in model.parameters() if p.ndim == 5]
    assert kernels
    for kernel in kernels:
        assert kernel.is_contiguous(memory_format=torch.channels_last_3d)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
