"""Every model on a GPU; skipped where there is none."""

from __future__ import annotations

import copy

import pytest
import torch
from contracts.noise import NOISE
from contracts.tiny import WHOLES, whole_names
from support.devices import ON_GPU
from support.waits import reported_waits, waiting

from mmlite.engine import AmpOptimWrapper
from mmlite.engine.environment import allow_tf32
from mmlite.ops import batched_nms, concat_volume, roi_align
from mmlite.registry import MODELS

pytestmark = ON_GPU

DEVICE = 'cuda'
NAMES = whole_names()
for_each_model = pytest.mark.parametrize('name', NAMES)
for_each_predicting = pytest.mark.parametrize(
    'name', [name for name in NAMES if MODELS.get(name).predicts]
)


@pytest.fixture(autouse=True)
def exact():
    """Products of float32 have all their bits, as on the CPU."""
    allow_tf32(False)


def build(name):
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(dict(WHOLES[name][0], type=name)))
    model.init_weights()
    return model


def batch(name):
    return NOISE[WHOLES[name][1]](4)


@for_each_predicting
def test_predictions_are_those_of_the_cpu(name):
    model = build(name).eval()
    with torch.no_grad():
        here = model.test_step(batch(name))
        there = model.to(DEVICE).test_step(batch(name))
    for ours, theirs in zip(here, there, strict=True):
        for key, value in ours.items():
            if key.startswith('pred_') and isinstance(value, torch.Tensor):
                torch.testing.assert_close(
                    theirs.get(key).cpu(), value, rtol=1e-3, atol=1e-4
                )


@for_each_model
@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
def test_a_step_in_half_precision(name, dtype):
    model = build(name).to(DEVICE).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    wrapper = AmpOptimWrapper(dtype=dtype, optimizer=optimizer, loss_scale='dynamic')
    for _ in range(3):
        logged = model.train_step(batch(name), wrapper)
    assert logged['loss'].isfinite()
    assert all(p.isfinite().all() for p in model.parameters())


@for_each_model
def test_a_step_in_channels_last(name):
    plain, other = build(name).to(DEVICE), build(name).to(DEVICE)
    for weight in other.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.to(memory_format=torch.channels_last)
    losses = []
    for model in (plain, other):
        torch.manual_seed(0)
        data = model.train().data_preprocessor(batch(name), training=True)
        losses.append(model.parse_losses(model(**data, mode='loss'))[0])
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-3, atol=1e-4)


def boxes(count):
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(count, 2, generator=generator) * 200
    sides = torch.rand(count, 2, generator=generator) * 40 + 1
    scores = torch.rand(count, generator=generator)
    labels = torch.randint(0, 3, (count,), generator=generator)
    return torch.cat([corners, corners + sides], dim=1), scores, labels


@pytest.mark.parametrize('count', [0, 1, 3000])
def test_suppression_keeps_what_it_keeps_on_the_cpu(count):
    found, scores, labels = boxes(count)
    here = batched_nms(found, scores, labels, 0.5)
    there = batched_nms(*(x.to(DEVICE) for x in (found, scores, labels)), 0.5)
    assert there.device.type == DEVICE and torch.equal(there.cpu(), here)


@pytest.mark.parametrize(('count', 'most'), [(300, 1), (3000, 3)])
def test_suppression_waits_once_a_block_of_boxes_and_between_two(count, most):
    found, scores, labels = (part.to(DEVICE) for part in boxes(count))
    with reported_waits() as waits, waiting('warn'):
        batched_nms(found, scores, labels, 0.5)
    assert 0 < len(waits) <= most, waits


def test_roi_align_is_that_of_the_cpu_and_reads_no_box():
    feats = torch.randn(2, 8, 40, 40)
    rois = torch.cat([torch.arange(200)[:, None] % 2, boxes(200)[0]], dim=1)
    here = roi_align(feats, rois, output_size=7, spatial_scale=0.25, sampling_ratio=2)
    feats, rois = feats.to(DEVICE), rois.to(DEVICE)
    with waiting('error'):
        there = roi_align(
            feats, rois, output_size=7, spatial_scale=0.25, sampling_ratio=2
        )
    torch.testing.assert_close(there.cpu(), here, rtol=1e-4, atol=1e-5)


def test_a_cost_volume_is_that_of_the_cpu():
    left, right = torch.randn(2, 4, 10, 20), torch.randn(2, 4, 10, 20)
    here = concat_volume(left, right, 6)
    there = concat_volume(left.to(DEVICE), right.to(DEVICE), 6)
    assert torch.equal(there.cpu(), here)
