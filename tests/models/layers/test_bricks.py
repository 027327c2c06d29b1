"""What a user can get wrong in a layer that is named in a config."""

import pytest
import torch
from torch import nn

from mmlite.errors import ConfigError
from mmlite.models.layers import ConvModule, build_plugin_layer, build_upsample_layer
from mmlite.registry import MODELS


@pytest.mark.parametrize(
    ('kind', 'mode'),
    [('ConvWS', 'reflect'), ('ConvAWS', 'reflect'), ('ConvTranspose2d', 'zeros')],
)
def test_every_convolution_stands_in_a_conv_module(kind, mode):
    args = dict(conv_cfg=dict(type=kind), padding=1, padding_mode=mode)
    block = ConvModule(3, 8, 3, **args)
    assert block(torch.randn(1, 3, 5, 5)).shape == (1, 8, 5, 5)


def test_reflected_borders_of_standardised_weights():
    block = ConvModule(
        *(1, 1, 3),
        padding=1,
        padding_mode='reflect',
        conv_cfg=dict(type='ConvWS', eps=0.0),
        bias=False,
        act_cfg=None,
    )
    weight = torch.arange(9.0).view(1, 1, 3, 3)
    block.conv.weight.data = weight
    x = torch.randn(1, 1, 4, 4)
    standard = (weight - 4) / 7.5**0.5  # variance of 0 to 8, of a sample
    padded = nn.functional.pad(x, (1, 1, 1, 1), mode='reflect')
    torch.testing.assert_close(block(x), nn.functional.conv2d(padded, standard))


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (
            dict(type='ContextBlock', ratio=0.01),
            r'ratio=0\.01 leaves no channel .* 0\.125',
        ),
        (dict(type='ContextBlock', ratio=1, pooling_type='max'), "'att' .* got 'max'"),
        (dict(type='ContextBlock', ratio=1, fusion_types=['add']), 'channel_add'),
        (dict(type='ContextBlock', ratio=1, fusion_types=[]), 'fusion_types'),
        (dict(type='NonLocal2d', mode='gauss'), "got 'gauss'"),
        (dict(type='NonLocal2d', modes='gaussian'), "did you mean 'mode'"),
    ],
)
def test_mistakes_of_plugins(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(cfg, in_channels=8))


def test_the_name_of_a_plugin_without_one():
    class MyHTTPBlock2d(nn.Identity):
        pass

    name, _ = build_plugin_layer(dict(type=MyHTTPBlock2d), postfix='_x')
    assert name == 'my_http_block2d_x'


def test_the_mode_goes_by_the_name():
    with pytest.raises(ConfigError, match="no argument 'mode'"):
        build_upsample_layer(dict(type='nearest', scale_factor=2, mode='bicubic'))


@pytest.mark.parametrize('norm_cfg', [None, dict(type='BN')])
def test_a_non_local_block_begins_as_the_identity_or_not(norm_cfg):
    x = torch.randn(2, 8, 3, 4)
    args = dict(type='NonLocal2d', in_channels=8, norm_cfg=norm_cfg)
    assert torch.equal(MODELS.build(args)(x), x)
    assert not torch.equal(MODELS.build(dict(args, zeros_init=False))(x), x)
