"""Heads and necks give what mmpretrain 1.2.0's give for drawn features."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.rules import assert_summary, fill_model

from mmlite.registry import MODELS
from mmlite.structures import DataSample

FILE = Path(__file__).parent / 'mmpretrain_parts.json'
PARTS = json.loads(FILE.read_text())['parts']


def _generator(name):
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def drawn(name, *shape):
    return torch.from_numpy(_generator(name).standard_normal(shape)).float()


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
    labels = _generator('arc_label').integers(0, 10, 6)
    samples = [DataSample().set_gt_label(int(label)) for label in labels]
    shapes = {name: list(entry.shape) for name, entry in head.state_dict().items()}
    assert shapes == part['value']['state']
    assert_summary(head(feats), part['value']['logits'], 'logits')
    loss = head.loss(feats, samples)['loss'].item()
    assert loss == pytest.approx(part['value']['loss']['loss'], rel=1e-4)
