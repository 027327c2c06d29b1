import pytest
import torch

from mmlite.models.layers import SELayer


def test_equals_its_formula():
    layer = SELayer(32, ratio=4)
    x = torch.randn(2, 32, 3, 5)
    mean = x.sum(dim=(2, 3)) / 15
    first, second = layer.conv1.conv, layer.conv2.conv
    hidden = (mean @ first.weight[:, :, 0, 0].T + first.bias).clamp(min=0)
    weight = torch.sigmoid(hidden @ second.weight[:, :, 0, 0].T + second.bias)
    torch.testing.assert_close(layer(x), x * weight[:, :, None, None])
    layer.return_weight = True
    torch.testing.assert_close(layer(x), weight[:, :, None, None])


def test_names_are_those_of_checkpoints():
    names = [f'conv{i}.conv.{p}' for i in (1, 2) for p in ('weight', 'bias')]
    assert list(SELayer(32).state_dict()) == names
    assert list(SELayer(32, bias=False).state_dict()) == names[::2]


@pytest.mark.parametrize(
    ('kwargs', 'width'),
    [(dict(), 8), (dict(ratio=2), 32), (dict(squeeze_channels=5), 5)],
)
def test_width_inside(kwargs, width):
    assert SELayer(64, **kwargs).conv1.out_channels == width


def test_one_activation_for_both():
    layer = SELayer(16, act_cfg=dict(type='HSigmoid'))
    assert type(layer.conv1.activate) is type(layer.conv2.activate)
    with pytest.raises(ValueError, match='one dict or two, got 3'):
        SELayer(16, act_cfg=[dict(type='ReLU')] * 3)
