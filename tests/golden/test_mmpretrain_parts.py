"""Heads and necks give what mmpretrain 1.2.0's give for drawn features."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from golden.drawn import generator, normal
from golden.rules import assert_summary, fill_model

from mmlite.registry import MODELS
from mmlite.structures import DataSample

FILE = Path(__file__).parent / 'mmpretrain_parts.json'
PARTS = json.loads(FILE.read_text())['parts']


def drawn(name, *shape):
    return torch.from_numpy(normal(name, *shape))


def test_generalized_mean_pooling():
    part = PARTS['neck/gem']
    neck = MODELS.build(part['cfg'])
    out = neck((drawn('gem', 2, 8, 5, 5).abs(),))
    assert_summary(list(out), part['value'], 'gem')


def test_arcface():
    part = PARTS['head/arcface']
    head = MODELS.build(part['cfg'])
    fill_model(head)
    feats = (drawn('a', 6, 16),)
    labels = generator('arc_label').integers(0, 10, 6)
    samples = [DataSample().set_gt_label(int(label)) for label in labels]
    shapes = {name: list(entry.shape) for name, entry in head.state_dict().items()}
    assert shapes == part['value']['state']
    assert_summary(head(feats), part['value']['logits'], 'logits')
    loss = head.loss(feats, samples)['loss'].item()
    assert loss == pytest.approx(part['value']['loss']['loss'], rel=1e-4)


@pytest.mark.parametrize('name', ['loss/pixel_L1', 'loss/pixel_L2'])
def test_loss_of_masked_pixels(name):
    part = PARTS[name]
    loss = MODELS.build(part['cfg'])
    pred, target = drawn('p', 2, 9, 12), drawn('t', 2, 9, 12)
    mask = (drawn('mask', 2, 9) > 0).float()
    assert loss(pred, target, mask).item() == pytest.approx(part['value'], rel=1e-5)


@pytest.mark.parametrize('name', ['head/mae_norm0', 'head/mae_norm1'])
def test_head_of_mae(name):
    part = PARTS[name]
    head = MODELS.build(part['cfg'])
    pred, image = drawn('mae_pred', 2, 16, 768), drawn('mae_img', 2, 3, 64, 64)
    mask = (drawn('mae_mask', 2, 16) > 0).float()
    assert_summary(head.construct_target(image), part['value']['target'], name)
    found = head.loss(pred, image, mask)
    found = found['loss'] if isinstance(found, dict) else found
    assert found.item() == pytest.approx(part['value']['loss'], rel=1e-5)


def test_histograms_of_gradients():
    part = PARTS['target/hog']
    target = MODELS.build(part['cfg'])(drawn('hog_img', 2, 3, 224, 224))
    assert_summary(target, part['value'], 'hog')


def test_decoder_of_mae():
    part = PARTS['neck/mae_decoder']
    neck = MODELS.build(part['cfg']).eval()
    neck.init_weights()
    fill_model(neck)
    order = drawn('ids', 2, 16).argsort(dim=1)
    with torch.no_grad():
        out = neck(drawn('lat', 2, 5, 32), order)
    assert_summary(out, part['value']['out'], 'decoder')
