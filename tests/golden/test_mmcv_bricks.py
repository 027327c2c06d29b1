"""Layers of mmcv by their names: what mmcv 2.2.0 gives, with weights filled by rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from golden.rules import assert_summary, fill_model, make_input
from torch import nn

from mmlite.models.layers import (
    ConvAWS2d,
    build_activation_layer,
    build_conv_layer,
    build_padding_layer,
    build_plugin_layer,
    build_upsample_layer,
)

GOLDEN = json.loads((Path(__file__).parent / 'mmcv_bricks.json').read_text())


def name_of(row):
    return ' '.join(str(value) for value in row['cfg'].values())


def built(kind, cfg, args):
    """The layer, and the name it has if it is a plugin."""
    if kind == 'plugin':
        return build_plugin_layer(cfg, postfix=2, **args)
    builders = dict(
        activation=build_activation_layer,
        conv=build_conv_layer,
        padding=build_padding_layer,
        upsample=build_upsample_layer,
    )
    return None, builders[kind](cfg, **args)


@pytest.mark.parametrize('row', GOLDEN['layers'], ids=name_of)
def test_layer(row):
    name, layer = built(row['kind'], row['cfg'], row['args'])
    assert name == row.get('name')
    state = [[key, list(value.shape)] for key, value in layer.state_dict().items()]
    assert state == row['state']
    fill_model(layer.eval())
    assert_summary(layer(make_input(GOLDEN['input'])), row['output'], name_of(row))


def test_weights_of_a_plain_convolution():
    golden = GOLDEN['plain_weights_in_conv_aws']
    plain, conv = nn.Conv2d(4, 6, 3), ConvAWS2d(4, 6, 3)
    fill_model(plain)
    conv.load_state_dict(plain.state_dict())
    x = make_input(GOLDEN['input'])
    assert_summary(conv.weight_gamma, golden['gamma'], 'gamma')
    assert_summary(conv(x), golden['output'], 'output')
    torch.testing.assert_close(conv(x), plain(x), atol=1e-4, rtol=0)
    other = ConvAWS2d(4, 6, 3)
    other.load_state_dict(conv.state_dict())  # its own buffers are taken as they are
    assert torch.equal(other(x), conv(x))
