import pytest
import torch
from torch import nn

from mmlite.errors import ConfigError
from mmlite.models.layers import (
    LayerNorm2d,
    build_activation_layer,
    build_conv_layer,
    build_dropout,
    build_norm_layer,
    check_arguments,
    make_divisible,
)
from mmlite.registry import MODELS


@pytest.mark.parametrize(
    ('cfg', 'name', 'kind'),
    [
        (dict(type='BN'), 'bn1', nn.BatchNorm2d),
        (dict(type='BN1d'), 'bn1', nn.BatchNorm1d),
        (dict(type='BN2d'), 'bn1', nn.BatchNorm2d),
        (dict(type='BN3d'), 'bn1', nn.BatchNorm3d),
        (dict(type='SyncBN'), 'bn1', nn.SyncBatchNorm),
        (dict(type='GN', num_groups=2), 'gn1', nn.GroupNorm),
        (dict(type='LN'), 'ln1', nn.LayerNorm),
        (dict(type='LN2d'), 'ln1', LayerNorm2d),
        (dict(type='IN'), 'in1', nn.InstanceNorm2d),
        (dict(type='IN1d'), 'in1', nn.InstanceNorm1d),
        (dict(type='IN3d'), 'in1', nn.InstanceNorm3d),
        (dict(type=nn.BatchNorm2d), 'bn1', nn.BatchNorm2d),
    ],
)
def test_norm_has_its_name_and_class(cfg, name, kind):
    got_name, layer = build_norm_layer(cfg, 4, postfix=1)
    assert got_name == name
    assert type(layer) is kind
    weights = [tuple(p.shape) for p in layer.parameters()]
    assert all(shape == (4,) for shape in weights)


def test_norm_takes_arguments_and_can_be_frozen():
    name, layer = build_norm_layer(dict(type='BN', eps=0.5, requires_grad=False), 4)
    assert name == 'bn'
    assert layer.eps == 0.5
    assert not any(p.requires_grad for p in layer.parameters())
    assert layer.training


@pytest.mark.parametrize(
    ('class_name', 'abbr', 'expected'),
    [
        ('MyLayerThing', None, 'ln_x'),
        ('GroupedThing', None, 'gn_x'),
        ('FilterResponse', None, 'norm_layer_x'),
        ('FilterResponse', 'frn', 'frn_x'),
    ],
)
def test_norm_of_a_user_is_named_by_abbr_or_class_name(class_name, abbr, expected):
    def init(self, width):
        nn.Module.__init__(self)

    members = {'__init__': init} | ({'_abbr_': abbr} if abbr else {})
    norm = type(class_name, (nn.Module,), members)
    assert build_norm_layer(dict(type=norm), 4, postfix='_x')[0] == expected


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='BNN'), "unknown type 'BNN'; did you mean 'BN'?"),
        (dict(type='BN', epss=1), "no argument 'epss'; did you mean 'eps'?"),
        (dict(type='BN', eps='1'), 'eps: BatchNorm2d expects float'),
        (dict(type='GN'), "GroupNorm needs the argument 'num_groups'"),
        (dict(eps=1), 'the key type is missing'),
        ('BN', 'expected a dict with a type'),
        (dict(type='BN', num_features=4), 'num_features is set by the module'),
    ],
)
def test_wrong_norm_is_refused(cfg, message):
    with pytest.raises(ConfigError) as caught:
        build_norm_layer(cfg, 4)
    assert message in str(caught.value)


def test_wrong_norm_is_named_from_the_dict_around_it():
    cfg = dict(type='ResNet', depth=18, norm_cfg=dict(type='BNN'))
    with pytest.raises(ConfigError, match="^norm_cfg: unknown type 'BNN'"):
        MODELS.build(cfg)


def test_conv_is_2d_unless_named():
    conv = build_conv_layer(None, 3, 4, 5, padding=2)
    assert type(conv) is nn.Conv2d
    assert conv.weight.shape == (4, 3, 5, 5)
    assert type(build_conv_layer(dict(type='Conv'), 3, 4, 1)) is nn.Conv2d
    assert type(build_conv_layer(dict(type='Conv1d'), 3, 4, 1)) is nn.Conv1d
    assert type(build_conv_layer(dict(type='Conv3d'), 3, 4, 1)) is nn.Conv3d


def test_conv_config_adds_arguments_but_overrides_none():
    conv = build_conv_layer(dict(type='Conv2d', bias=False), 3, 4, 1)
    assert conv.bias is None
    with pytest.raises(ConfigError, match='stride is set by the module'):
        build_conv_layer(dict(type='Conv2d', stride=2), 3, 4, 1, stride=1)
    with pytest.raises(ConfigError, match='did you mean'):
        build_conv_layer(dict(type='Conv2dd'), 3, 4, 1)


def test_building_leaves_the_config_as_it_was():
    norm, act = dict(type='BN', requires_grad=True), dict(type='ReLU', inplace=True)
    build_norm_layer(norm, 4)
    build_activation_layer(act)
    assert norm == dict(type='BN', requires_grad=True)
    assert act == dict(type='ReLU', inplace=True)


def relu(x):
    return max(x, 0.0)


def sigmoid(x):
    return 1 / (1 + 2.718281828459045**-x)


@pytest.mark.parametrize(
    ('cfg', 'formula'),
    [
        (dict(type='ReLU'), relu),
        (dict(type='ReLU6'), lambda x: min(relu(x), 6)),
        (dict(type='LeakyReLU', negative_slope=0.1), lambda x: max(x, 0.1 * x)),
        (dict(type='Sigmoid'), sigmoid),
        (dict(type='SiLU'), lambda x: x * sigmoid(x)),
        (dict(type='Swish'), lambda x: x * sigmoid(x)),
        (dict(type='HSwish'), lambda x: x * min(max(x + 3, 0), 6) / 6),
        (dict(type='HSigmoid'), lambda x: min(max(x + 3, 0), 6) / 6),
        (
            dict(type='HSigmoid', bias=1, divisor=2, min_value=-0.5, max_value=0.5),
            lambda x: min(max((x + 1) / 2, -0.5), 0.5),
        ),
        (dict(type='QuickGELU'), lambda x: x * sigmoid(1.702 * x)),
        (dict(type='Tanh'), lambda x: 2 * sigmoid(2 * x) - 1),
        (dict(type='Identity'), lambda x: x),
    ],
)
def test_activation_is_its_formula(cfg, formula):
    x = torch.linspace(-8, 8, 33)
    expected = torch.tensor([formula(value) for value in x.tolist()])
    torch.testing.assert_close(build_activation_layer(cfg)(x), expected)


@pytest.mark.parametrize('name', ['PReLU', 'RReLU', 'ELU', 'GELU', 'Mish', 'Softplus'])
def test_activation_is_torch_s(name):
    assert type(build_activation_layer(dict(type=name))) is getattr(nn, name)


def test_unknown_activation_and_dropout_are_refused():
    with pytest.raises(ConfigError, match="did you mean 'GELU'"):
        build_activation_layer(dict(type='GELUU'))
    with pytest.raises(ConfigError, match="did you mean 'DropPath'"):
        build_dropout(dict(type='DropPat'))
    with pytest.raises(ConfigError, match='divisor must not be 0'):
        MODELS.build(dict(type='HSigmoid', divisor=0))


def test_check_arguments_names_the_key():
    with pytest.raises(ConfigError, match="^cfgs: Conv2d has no argument 'strid'"):
        check_arguments(nn.Conv2d, dict(strid=1), 'cfgs', ['in_channels'])
    with pytest.raises(ConfigError, match=r'^cfgs\.bias: Conv2d expects bool'):
        given = ('in_channels', 'out_channels', 'kernel_size')
        check_arguments(nn.Conv2d, dict(bias='no'), 'cfgs', given)


def test_layer_norm_2d_normalises_every_position():
    norm = LayerNorm2d(5, eps=1e-6)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = torch.randn(2, 5, 3, 4)
    expected = torch.empty_like(x)
    for b in range(2):
        for i in range(3):
            for j in range(4):
                pixel = x[b, :, i, j]
                spread = (pixel.var(unbiased=False) + 1e-6).sqrt()
                normal = (pixel - pixel.mean()) / spread
                expected[b, :, i, j] = normal * norm.weight + norm.bias
    torch.testing.assert_close(norm(x), expected)
    last = norm(x.permute(0, 2, 3, 1), data_format='channel_last')
    torch.testing.assert_close(last.permute(0, 3, 1, 2), expected)
    channels_last = norm(x.to(memory_format=torch.channels_last))
    assert channels_last.is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(ValueError, match='data_format'):
        norm(x, data_format='channels_last')


@pytest.mark.parametrize('divisor', [4, 8])
def test_make_divisible_is_near_and_not_much_less(divisor):
    for value in range(1, 200):
        rounded = make_divisible(value, divisor)
        assert rounded % divisor == 0
        assert rounded >= 0.9 * value
        assert rounded >= divisor
        nearest = min(range(divisor, 400, divisor), key=lambda m: abs(m - value))
        if nearest >= 0.9 * value and abs(nearest - value) < divisor / 2:
            assert rounded == nearest
    assert make_divisible(3, 8, min_value=16) == 16
