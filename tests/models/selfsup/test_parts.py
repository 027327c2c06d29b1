"""Heads and losses of contrastive learning give the numbers of mmpretrain 1.2.0."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from golden.rules import fill_model

from mmlite.errors import DataError
from mmlite.registry import MODELS

PREDICTOR = dict(
    type='NonLinearNeck',
    in_channels=16,
    hid_channels=8,
    out_channels=16,
    with_bias=True,
    with_last_bn=False,
    with_avg_pool=False,
)
COSINE = dict(type='CosineSimilarityLoss', shift_factor=2.0, scale_factor=2.0)
CROSS_ENTROPY = dict(type='CrossEntropyLoss')


def drawn(name, *shape):
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return torch.from_numpy(rng.standard_normal(shape)).float()


A, B = drawn('a', 6, 16), drawn('b', 6, 16)
CASES = {
    'cosine': (COSINE, (A, B), 2.227544069290161),
    'cross_correlation': (
        dict(type='CrossCorrelationLoss'),
        (drawn('ccm', 16, 16),),
        23.388431549072266,
    ),
    'contrastive': (
        dict(type='ContrastiveHead', loss=CROSS_ENTROPY, temperature=0.1),
        (drawn('pos', 5, 1), drawn('neg', 5, 20)),
        14.118057250976562,
    ),
    'latent_predict': (
        dict(type='LatentPredictHead', loss=COSINE, predictor=PREDICTOR),
        (A, B),
        1.9430118799209595,
    ),
    'mocov3': (
        dict(
            type='MoCoV3Head',
            predictor=PREDICTOR,
            loss=dict(CROSS_ENTROPY, loss_weight=0.4),
            temperature=0.2,
        ),
        (A, B),
        0.9724623560905457,
    ),
}


@pytest.mark.parametrize('case', CASES)
def test_it_equals_mmpretrain(case):
    cfg, inputs, value = CASES[case]
    part = MODELS.build(cfg).eval()
    fill_model(part)
    found = getattr(part, 'loss', part)(*inputs)
    assert found.item() == pytest.approx(value, rel=1e-5)


def test_a_mask_says_which_vectors_count():
    x = torch.eye(3)
    y = torch.stack((x[0], -x[1], x[0]))
    loss = MODELS.build(COSINE)
    assert loss(x, y, torch.tensor([1.0, 0.0, 0.0])).item() == 0
    assert loss(x, y, torch.tensor([1.0, 1.0, 0.0])).item() == 2


def test_each_view_is_standardised_by_itself_over_the_batch():
    cfg = dict(type='LatentCrossCorrelationHead', in_channels=2)
    head = MODELS.build(dict(cfg, loss=dict(type='CrossCorrelationLoss'))).train()
    x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert head.loss(x, x).item() == pytest.approx(0, abs=1e-8)
    assert head.loss(x, 2 * x + 4).item() == pytest.approx(0, abs=1e-8)
    with pytest.raises(DataError, match='got one image; set train_dataloader'):
        head.loss(x[:1], x[:1])


@pytest.mark.parametrize('kind', ['ContrastiveHead', 'MoCoV3Head'])
def test_a_temperature_that_cannot_be_divided_by_is_refused(kind):
    more = dict(predictor=PREDICTOR) if kind == 'MoCoV3Head' else {}
    with pytest.raises(ValueError, match='temperature must be positive, got 0'):
        MODELS.build(dict(type=kind, loss=CROSS_ENTROPY, temperature=0, **more))
