"""Batches are prepared and mixed as mmpretrain 1.2.0 does for the same draws."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.drawn import IMAGES, normal
from torch.nn import functional as F

from mmlite.registry import MODELS, TASK_UTILS
from mmlite.structures import DataSample

GOLDEN = json.loads(
    (Path(__file__).parents[2] / 'golden/mmpretrain_pipeline.json').read_text()
)


def assert_summary(tensor, expected):
    assert tensor.dtype == torch.float32
    flat = tensor.flatten()
    probe = flat[expected['probe_index']].tolist()
    assert probe == pytest.approx(expected['probe'], rel=1e-5, abs=1e-6)
    assert flat.mean().item() == pytest.approx(expected['mean'], rel=1e-5, abs=1e-6)
    std = flat.std(unbiased=False).item()
    assert std == pytest.approx(expected['std'], rel=1e-5)


@pytest.fixture
def drawn(monkeypatch):
    """Lets the batch augmentations draw what was drawn there."""

    def draw(draws):
        found = {name: [] for name in ('beta', 'randint', 'torch.randperm', 'choice')}
        for name, arguments, value in draws:
            found[name].append((arguments, value))
        whole = [value for _, value in found['randint']]
        if len(whole) == 4:  # ours draws the side and the place of each axis in turn
            whole = [whole[i] for i in (0, 2, 1, 3)]
        take = lambda values: lambda *_, **__: values.pop(0)  # noqa: E731
        betas = [value for _, value in found['beta']]
        orders = [torch.tensor(value) for _, value in found['torch.randperm']]
        monkeypatch.setattr(random, 'betavariate', take(betas))
        monkeypatch.setattr(random, 'randrange', take(whole))
        monkeypatch.setattr(random, 'randint', take(whole))
        monkeypatch.setattr(torch, 'randperm', take(orders))
        for arguments, value in found['choice']:
            shares = arguments[1]['p']
            number = sum(shares[:value]) + shares[value] / 2
            monkeypatch.setattr(random, 'random', take([number]))

    return draw


@pytest.mark.parametrize('case', GOLDEN['batch'], ids=lambda c: c['cfg']['type'])
def test_batch_augmentations(case, drawn):
    images = torch.from_numpy(normal('batch', *case['shape']))
    before = images.clone()
    scores = F.one_hot(torch.tensor([0, 2, 1, 4])[: len(images)], 5).float()
    augment = TASK_UTILS.build(case['cfg'])
    drawn(case['draws'])
    mixed, mixed_scores = augment(images, scores)
    assert_summary(mixed, case['output'])
    expected = torch.tensor(case['scores'])
    torch.testing.assert_close(mixed_scores, expected, rtol=1e-5, atol=1e-6)
    assert images.equal(before)


@pytest.mark.parametrize('case', GOLDEN['preprocessor'], ids=str)
def test_batches_are_prepared_alike(case):
    inputs = [
        torch.from_numpy(np.ascontiguousarray(IMAGES[name].transpose(2, 0, 1)))
        for name in case['inputs']
    ]
    samples = [DataSample().set_gt_label(label) for label in case['labels']]
    batch = MODELS.build(case['cfg'])(dict(inputs=inputs, data_samples=samples), True)
    assert list(batch['inputs'].shape) == case['output']['shape']
    assert_summary(batch['inputs'], case['output'])
    if 'gt_scores' in case:
        scores = torch.stack([sample.gt_score for sample in batch['data_samples']])
        assert scores.tolist() == case['gt_scores']
