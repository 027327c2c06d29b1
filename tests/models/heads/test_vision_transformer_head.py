import math

import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.models.heads import VisionTransformerClsHead
from mmlite.registry import MODELS


def shapes(head):
    return {name: tuple(value.shape) for name, value in head.state_dict().items()}


def test_state_has_the_names_of_mmpretrain():
    head = VisionTransformerClsHead(10, 16)
    assert shapes(head) == {'layers.head.weight': (10, 16), 'layers.head.bias': (10,)}
    head = VisionTransformerClsHead(10, 16, hidden_dim=8)
    assert shapes(head) == {
        'layers.pre_logits.weight': (8, 16),
        'layers.pre_logits.bias': (8,),
        'layers.head.weight': (10, 8),
        'layers.head.bias': (10,),
    }


def test_one_layer():
    head = VisionTransformerClsHead(10, 16)
    token = torch.rand(2, 16)
    assert head.pre_logits((token,)) is token
    expected = token @ head.layers.head.weight.T + head.layers.head.bias
    torch.testing.assert_close(head((token,)), expected)


def test_two_layers():
    head = VisionTransformerClsHead(10, 16, hidden_dim=8)
    token, layer = torch.rand(2, 16), head.layers.pre_logits
    hidden = torch.tanh(token @ layer.weight.T + layer.bias)
    torch.testing.assert_close(head.pre_logits((token,)), hidden)
    expected = hidden @ head.layers.head.weight.T + head.layers.head.bias
    torch.testing.assert_close(head((token,)), expected)


def test_another_activation():
    head = VisionTransformerClsHead(4, 6, hidden_dim=5, act_cfg=dict(type='ReLU'))
    assert head.pre_logits((torch.randn(9, 6),)).min() == 0


@pytest.mark.parametrize('kind', [list, tuple])
def test_patches_and_class_token(kind):
    head = VisionTransformerClsHead(4, 6)
    token = torch.rand(2, 6)
    feat = kind([torch.rand(2, 6, 3, 3), token])
    assert head.pre_logits((None, feat)) is token


def test_init():
    head = VisionTransformerClsHead(10, 256, hidden_dim=128)
    head.init_weights()
    assert head.layers.head.weight.abs().max() == 0
    hidden = head.layers.pre_logits
    assert hidden.bias.abs().max() == 0
    assert hidden.weight.std().item() == pytest.approx(1 / math.sqrt(256), rel=0.05)


def test_wrong_arguments():
    cfg = dict(type='VisionTransformerClsHead', in_channels=8)
    with pytest.raises(ConfigError, match='must be positive, got 0'):
        MODELS.build(dict(cfg, num_classes=0))
    with pytest.raises(ConfigError, match="did you mean 'hidden_dim'"):
        MODELS.build(dict(cfg, num_classes=3, hiden_dim=4))
