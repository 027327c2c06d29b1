"""Whole models have the state and the outputs of mmpretrain 1.2.0's."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.rules import assert_state, assert_summary, fill_model, make_input

from mmlite.registry import MODELS
from mmlite.structures import DataSample

FILES = sorted((Path(__file__).parent / 'mmpretrain').glob('*.json'))
# More than 18 million weights to draw.
SLOW = ('eva_vit-base', 'vgg11', 'hrnet', 'inception', 'cspresnext')
CALLS = {
    'backbone': lambda model, x: model.backbone(x),
    'extract_feat': lambda model, x: model.extract_feat(x),
    'logits': lambda model, x: model.head(model.extract_feat(x)),
    'scores': lambda model, x: torch.stack([s.pred_score for s in model.predict(x)]),
}


def cases():
    for path in FILES:
        marks = [pytest.mark.slow] if path.stem.startswith(SLOW) else []
        yield pytest.param(path, id=path.stem, marks=marks)


@pytest.mark.parametrize('path', list(cases()))
def test_equals_mmpretrain(path):
    golden = json.loads(path.read_text())
    model = MODELS.build(golden['model']).eval()
    assert_state(model, golden['state'])
    parameters = sum(p.numel() for p in model.parameters())
    assert parameters == golden['num_parameters']

    fill_model(model)
    x = make_input(golden['input'])
    outputs = golden['outputs']
    with torch.no_grad():
        for name, call in CALLS.items():
            if name in outputs:
                assert_summary(call(model, x), outputs[name], name)
        if 'loss_eval' in outputs:
            assert_losses(model, x, golden)


def assert_losses(model, x, golden):
    classes = golden['model']['head'].get('num_classes', 10)
    samples = [
        DataSample().set_gt_label(label).set_gt_score(np.eye(classes)[label])
        for label in golden['labels']
    ]
    losses = model.loss(x, samples)
    got = {key: losses[key].item() for key in golden['outputs']['loss_eval']}
    assert got == pytest.approx(golden['outputs']['loss_eval'], rel=1e-4)
