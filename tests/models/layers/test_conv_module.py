from itertools import permutations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmlite.models.layers import ConvModule
from mmlite.registry import MODELS

BN = dict(type='BN')


def test_default_is_convolution_with_bias_and_relu():
    module = ConvModule(3, 4, 3, padding=1)
    x = torch.randn(2, 3, 5, 5)
    expected = F.conv2d(x, module.conv.weight, module.conv.bias, padding=1).relu()
    torch.testing.assert_close(module(x), expected)
    assert list(module.state_dict()) == ['conv.weight', 'conv.bias']
    assert module.norm is None
    assert (module.in_channels, module.out_channels) == (3, 4)


@pytest.mark.parametrize('order', list(permutations(('conv', 'norm', 'act'))))
def test_order(order):
    module = ConvModule(3, 4, 1, norm_cfg=BN, act_cfg=dict(type='Tanh'), order=order)
    nn.init.normal_(module.norm.weight)
    module.norm.running_mean.normal_()
    module.eval()
    x = torch.randn(2, 3, 5, 5)
    parts = {'conv': module.conv, 'norm': module.bn, 'act': torch.tanh}
    expected = x
    for step in order:
        expected = parts[step](expected)
    torch.testing.assert_close(module(x), expected)
    width = 4 if order.index('conv') < order.index('norm') else 3
    assert module.norm.num_features == width


@pytest.mark.parametrize('order', [('conv', 'act'), ('conv', 'norm', 'norm')])
def test_incomplete_order_is_refused(order):
    with pytest.raises(ValueError, match='once each'):
        ConvModule(3, 4, 1, order=order)


@pytest.mark.parametrize(
    ('norm_cfg', 'bias', 'expected'),
    [
        (None, 'auto', True),
        (BN, 'auto', False),
        (BN, True, True),
        (None, False, False),
    ],
)
def test_bias(norm_cfg, bias, expected):
    module = ConvModule(3, 4, 1, norm_cfg=norm_cfg, bias=bias)
    assert (module.conv.bias is not None) is expected
    assert module.with_bias is expected


def test_norm_is_named_after_its_kind():
    module = ConvModule(4, 4, 1, norm_cfg=dict(type='GN', num_groups=2))
    assert module.norm is module.gn
    assert set(module.state_dict()) == {'conv.weight', 'gn.weight', 'gn.bias'}


@pytest.mark.parametrize('mode', ['zeros', 'reflect', 'replicate', 'circular'])
def test_padding_mode(mode):
    module = ConvModule(1, 1, 3, padding=1, act_cfg=None, padding_mode=mode)
    x = torch.randn(1, 1, 4, 4)
    padded = F.pad(x, (1, 1, 1, 1), mode='constant' if mode == 'zeros' else mode)
    expected = F.conv2d(padded, module.conv.weight, module.conv.bias)
    torch.testing.assert_close(module(x), expected)


@pytest.mark.parametrize('inplace', [True, False])
def test_inplace_is_handed_to_activations_that_know_it(inplace):
    module = ConvModule(3, 4, 1, inplace=inplace)
    assert module.activate.inplace is inplace
    own = ConvModule(3, 4, 1, act_cfg=dict(type='ReLU', inplace=False), inplace=True)
    assert own.activate.inplace is False
    assert (
        ConvModule(3, 4, 1, act_cfg=dict(type='GELU'))(torch.zeros(1, 3, 2, 2))
        is not None
    )


def test_norm_and_activation_can_be_left_out_of_a_call():
    module = ConvModule(3, 4, 1, norm_cfg=BN).eval()
    module.bn.running_mean.fill_(1)
    x = torch.randn(1, 3, 2, 2)
    torch.testing.assert_close(module(x, activate=False, norm=False), module.conv(x))
    torch.testing.assert_close(module(x, activate=False), module.bn(module.conv(x)))
    torch.testing.assert_close(module(x, norm=False), module.conv(x).relu())


def test_weights_start_as_kaiming():
    module = ConvModule(64, 128, 3, norm_cfg=BN)
    assert module.conv.weight.std().item() == pytest.approx(
        (2 / (128 * 9)) ** 0.5, rel=0.05
    )
    assert torch.equal(module.bn.weight, torch.ones(128))
    leaky = ConvModule(64, 128, 3, act_cfg=dict(type='LeakyReLU', negative_slope=1))
    assert leaky.conv.weight.std().item() == pytest.approx(
        (1 / (128 * 9)) ** 0.5, rel=0.05
    )


def test_one_dimension():
    cfg = dict(
        type='ConvModule',
        in_channels=3,
        out_channels=4,
        kernel_size=1,
        conv_cfg=dict(type='Conv1d'),
        norm_cfg=dict(type='BN1d'),
    )
    assert MODELS.build(cfg)(torch.randn(2, 3, 7)).shape == (2, 4, 7)
