"""Operations are those of closed forms, and those that were published."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmlite.apis import flops, get_model, model_card
from mmlite.apis.cli import main
from mmlite.errors import UserError


def test_a_convolution_and_its_norm():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    found = flops(network, size=(16, 20))
    pixels = 16 * 20
    assert found.macs == pixels * 8 * 27
    assert found.elementwise == 3 * pixels * 8  # two of the norm, one of the ReLU
    assert found.flops == found.macs + found.elementwise
    assert found.operations == 2 * found.macs + found.elementwise
    assert found.parameters == 8 * 28 + 16
    assert {name: f for name, _, f in found.parts} == {
        '0': found.macs,
        '1': 2 * pixels * 8,
        '2': pixels * 8,
    }


class Attention(nn.Module):
    """Two heads on an image as tokens."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.qkv = nn.Linear(4, 12)
        self.fused = fused

    def forward(self, x):
        q, k, v = (
            self.qkv(x.flatten(2).mT).reshape(1, -1, 3, 2, 2).permute(2, 0, 3, 1, 4)
        )
        if self.fused:
            return F.scaled_dot_product_attention(q, k, v)
        return (q @ k.mT).softmax(-1) @ v


@pytest.mark.parametrize('fused', [True, False])
def test_attention_counts_however_it_is_computed(fused):
    found = flops(Attention(fused), size=(4, 6, 6))
    tokens = 36
    assert found.attention == 2 * tokens * tokens * 4
    assert found.macs == found.attention + tokens * 4 * 12


def test_a_model_that_is_counted_stays_as_it_is():
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    flops(network, size=8)
    assert network.training
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


def test_what_runs_with_memory_alone_is_counted_too():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 3)

        def forward(self, x):
            scale = 1 + float(x.sum())  # reads a value
            return self.layer(x) * scale

    assert flops(Odd(), size=(2, 4, 8)).macs == 2 * 4 * 8 * 3


@pytest.mark.parametrize(
    'name',
    [
        'resnet18_8xb16_cifar10',
        'resnet50_8xb32_in1k',
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                'convnext-tiny_32xb128_in1k',
                'deit-tiny_4xb256_in1k',
                'densenet121_3rdparty_in1k',
                'hrnet-w18_3rdparty_8xb32_in1k',
                'mlp-mixer-base-p16_3rdparty_64xb64_in1k',
                'mobilenet-v2_8xb32_in1k',
                'mobilenet-v3-large_8xb128_in1k',
                'regnetx-400mf_8xb128_in1k',
                'res2net50-w14-s8_3rdparty_8xb32_in1k',
                'resnext50-32x4d_8xb32_in1k',
                'seresnet50_8xb32_in1k',
                'shufflenet-v2-1x_16xb64_in1k',
                'vgg11_8xb32_in1k',
                'vit-base-p32_in21k-pre_3rdparty_in1k-384px',
                'xcit-nano-12-p16_3rdparty_in1k',
            )
        ),
    ],
)
def test_figures_are_those_that_were_published(name):
    card = model_card(name)
    found = flops(name)
    assert found.flops == pytest.approx(card.published['flops'], rel=0.01)
    assert found.parameters == pytest.approx(card.published['parameters'], rel=0.01)
    assert (found.flops, found.parameters) == (card.flops, card.parameters)


def test_an_input_that_does_not_fit():
    with pytest.raises(UserError, match='does not run on an input of 3 x 224 x 224'):
        flops(nn.Linear(5, 2))
    with pytest.raises(UserError, match='height and a width'):
        flops(nn.Linear(5, 2), size=0)


def test_the_command(capsys):
    assert main(['flops', 'resnet18_digits', '--size', '32']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['parameters', 'FLOPs']
    assert 'for an input of 3 x 32 x 32' in lines[-1]
    assert main(['flops', 'resnet18_digits', '--json']) == 0
    model = get_model('resnet18_digits')
    found = json.loads(capsys.readouterr().out)
    assert found['parameters'] == sum(p.numel() for p in model.parameters())


def test_gait_is_counted_on_a_walk():
    config = Path(__file__).parents[2] / 'configs/_base_/models/gaitbase_tiny.py'
    assert flops(config).shape == (30, 64, 44)
