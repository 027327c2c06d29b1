"""Weights of timm, torchvision and Hugging Face give the same logits here."""

import json
from pathlib import Path

import pytest
import torch
from golden.rules import fill, make_input

from mmlite.engine.checkpoints import load_state
from mmlite.registry import MODELS

FILES = sorted((Path(__file__).parent / 'key_maps').glob('*.json'))
#: More than four million weights to draw, or many layers.
SLOW = (
    'huggingface-resnet18',
    'timm-efficientnet',
    'timm-regnetx',
    'timm-repvgg',
    'timm-resnet50d',
    'timm-seresnet50',
    'timm-vgg11',
    'torchvision-densenet121',
    'torchvision-efficientnet',
    'torchvision-mobilenet',
    'torchvision-regnetx',
    'torchvision-resnet18',
    'torchvision-shufflenetv2',
)


def cases():
    for path in FILES:
        marks = [pytest.mark.slow] if path.stem.startswith(SLOW) else []
        yield pytest.param(path, id=path.stem, marks=marks)


def weights_of(golden):
    """The state dict by rule, under the names of the other library."""
    state = {}
    for line in golden['state']:
        name, shape = line.rsplit(' ', 1)
        sizes = [int(n) for n in shape.split(',') if n]
        state[name] = fill(name, torch.empty(sizes))
    return state


@pytest.mark.parametrize('path', list(cases()))
def test_weights_of_another_library_give_its_logits(path):
    golden = json.loads(path.read_text())
    model = MODELS.build(golden['model']).eval()
    report = load_state(model, weights_of(golden), source=path.stem, quiet=True)
    assert [k for k in report.missing if 'relative_' not in k] == []
    assert report.mismatched == []
    with torch.no_grad():
        logits = model(make_input(golden['input']))
    if isinstance(logits, tuple):  # of the class token, and of the distilled one
        logits = (logits[0] + logits[1]) / 2
    expected = torch.tensor(golden['logits'])
    tolerance = 1e-4 * expected.abs().max()
    torch.testing.assert_close(logits, expected, rtol=0, atol=tolerance.item())
