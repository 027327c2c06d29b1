import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmlite.errors import CheckpointError, ConfigError
from mmlite.models.backbones import (
    BasicBlock,
    Bottleneck,
    ResLayer,
    ResNet,
    ResNet_CIFAR,
)
from mmlite.models.layers import build_conv_layer, build_norm_layer
from mmlite.registry import MODELS

SMALL = dict(stem_channels=8, base_channels=8)
VARIANTS = [
    dict(type='ResNet', depth=18),
    dict(type='ResNet', depth=50),
    dict(type='ResNetV1c', depth=50),
    dict(type='ResNetV1d', depth=50),
    dict(type='ResNet_CIFAR', depth=18),
    dict(type='ResNeXt', depth=50, groups=2, width_per_group=4),
    dict(type='SEResNet', depth=50, se_ratio=4),
]


def build(**kwargs):
    cfg = dict(type='ResNet', depth=18)
    return MODELS.build({**cfg, **SMALL, **kwargs})


def by_name(cfg):
    return cfg['type'] + str(cfg['depth'])


@pytest.mark.parametrize('cfg', VARIANTS, ids=by_name)
@pytest.mark.parametrize('size', [(64, 64), (33, 47)])
def test_feature_specs_are_the_shapes(cfg, size):
    model = build(**cfg, out_indices=(0, 1, 2, 3)).eval()
    outs = model(torch.randn(1, 3, *size))
    assert len(outs) == len(model.feature_specs) == 4
    for out, spec in zip(outs, model.feature_specs, strict=True):
        expected = (1, spec.channels, *(-(-s // spec.stride) for s in size))
        assert out.shape == expected


@pytest.mark.parametrize('depth', [18, 34, 50, 101, 152])
def test_depth_counts_the_weighted_layers(depth):
    with torch.device('meta'):
        model = ResNet(depth)
    convs = [
        name
        for name, m in model.named_modules()
        if isinstance(m, nn.Conv2d) and 'downsample' not in name
    ]
    assert len(convs) + 1 == depth  # the last one is the head's


@pytest.mark.parametrize('indices', [(1, 3), [3, 1], (-1, -3)])
def test_outputs_are_in_order_of_depth(indices):
    model = build(out_indices=indices).eval()
    x = torch.randn(1, 3, 32, 32)
    everything = copy.deepcopy(model)
    everything.out_indices = (0, 1, 2, 3)
    for out, expected in zip(model(x), everything(x)[1::2], strict=True):
        torch.testing.assert_close(out, expected)


def test_one_index_may_be_a_number():
    assert build(out_indices=-1).out_indices == (3,)


@pytest.mark.parametrize('num_stages', [1, 2, 3])
def test_fewer_stages(num_stages):
    model = build(
        num_stages=num_stages,
        strides=(2,) * num_stages,
        dilations=(1,) * num_stages,
        out_indices=-1,
    )
    assert model.res_layers == [f'layer{i + 1}' for i in range(num_stages)]
    out = model(torch.randn(2, 3, 64, 64))[0]
    assert out.shape[1:] == (8 * 2 ** (num_stages - 1), *(16 // 2**num_stages,) * 2)
    assert model.feature_specs[0].stride == 4 * 2**num_stages


def test_dilation_replaces_stride():
    model = build(depth=50, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))
    out = model(torch.randn(2, 3, 64, 64))[0]
    assert out.shape[2:] == (8, 8)
    assert model.feature_specs[0].stride == 8
    assert model.layer4[1].conv2.dilation == (4, 4)


def test_style_moves_the_stride():
    caffe, pytorch = build(depth=50, style='caffe'), build(depth=50)
    assert caffe.layer2[0].conv1.stride == pytorch.layer2[0].conv2.stride == (2, 2)
    assert caffe.layer2[0].conv2.stride == pytorch.layer2[0].conv1.stride == (1, 1)


def test_width():
    model = build(depth=50, stem_channels=6, base_channels=4, expansion=2)
    assert model.conv1.out_channels == 6
    assert model.layer1[0].conv1.out_channels == 4
    assert [s.channels for s in model.feature_specs] == [4 * 2 * 8]
    assert model.layer4[-1].conv3.out_channels == model.feat_dim == 64


def test_image_channels():
    assert build(in_channels=1)(torch.randn(2, 1, 32, 32))[0].shape == (2, 64, 1, 1)


def test_basic_block_is_its_formula():
    block = BasicBlock(4, 4)
    x = torch.randn(2, 4, 5, 5)
    inner = F.conv2d(x, block.conv1.weight, padding=1)
    inner = F.batch_norm(inner, None, None, training=True).relu()
    inner = F.conv2d(inner, block.conv2.weight, padding=1)
    inner = F.batch_norm(inner, None, None, training=True)
    torch.testing.assert_close(block(x), (inner + x).relu())


def test_bottleneck_is_its_formula():
    block = Bottleneck(8, 8, stride=2, downsample=nn.MaxPool2d(1, 2)).eval()
    x = torch.randn(2, 8, 6, 6)
    inner = F.conv2d(x, block.conv1.weight).relu()
    inner = F.conv2d(inner, block.conv2.weight, stride=2, padding=1).relu()
    inner = F.conv2d(inner, block.conv3.weight)
    expected = (inner + x[:, :, ::2, ::2]).relu()
    torch.testing.assert_close(block(x), expected, rtol=1e-4, atol=1e-4)


def test_shortcut_averages_if_asked_for():
    layer = ResLayer(BasicBlock, 1, 4, 4, stride=2, avg_down=True).eval()
    shortcut = layer[0].downsample
    assert [type(m) for m in shortcut] == [nn.AvgPool2d, nn.Conv2d, nn.BatchNorm2d]
    x = torch.ones(1, 4, 5, 5)
    # what hangs over the border does not count
    torch.testing.assert_close(shortcut[0](x), torch.ones(1, 4, 3, 3))


@pytest.mark.parametrize('frozen', [-1, 0, 1, 3, 4])
@pytest.mark.parametrize('deep_stem', [False, True])
def test_frozen_stages_keep_weights_and_statistics(frozen, deep_stem):
    model = build(frozen_stages=frozen, deep_stem=deep_stem, zero_init_residual=False)
    model.init_weights()
    model.train()
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    outs = model(torch.randn(4, 3, 64, 64))
    if frozen < 4:
        outs[0].square().mean().backward()
    optimizer.step()
    kept = {f'layer{i}' for i in range(1, frozen + 1)}
    kept |= {'conv1', 'bn1', 'stem'} if frozen >= 0 else set()
    for name, value in model.state_dict().items():
        same = torch.equal(value, before[name])
        assert same is (name.split('.')[0] in kept), name


def test_frozen_stages_stay_so_through_train_and_eval():
    model = build(frozen_stages=2)
    for mode in (True, False, True):
        assert model.train(mode) is model
        assert not model.bn1.training
        assert not model.layer2[0].bn1.training
        assert model.layer3[0].bn1.training is mode


def test_norm_eval_keeps_statistics_but_trains_weights():
    model = build(norm_eval=True).train()
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    assert norms and not any(m.training for m in norms)
    assert all(p.requires_grad for p in model.parameters())
    assert model.layer1[0].drop_path.training


@pytest.mark.parametrize('cfg', VARIANTS[:2], ids=by_name)
def test_checkpointing_changes_nothing(cfg):
    plain = build(**cfg, drop_path_rate=0.3)
    saving = build(**cfg, drop_path_rate=0.3, with_cp=True)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 33, 33)
    for model in (plain, saving):
        torch.manual_seed(0)
        model(x)[0].square().sum().backward()
    for (name, one), other in zip(
        plain.named_parameters(), saving.parameters(), strict=True
    ):
        torch.testing.assert_close(other.grad, one.grad, msg=name)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(saving.state_dict()[name], value, msg=name)


@pytest.mark.parametrize('depth', [18, 50])
@pytest.mark.parametrize('zero', [True, False])
def test_zero_init_residual(depth, zero):
    model = build(depth=depth, zero_init_residual=zero)
    model.init_weights()
    block = model.layer1[1].eval()
    last = block.norm2 if depth == 18 else block.norm3
    assert torch.equal(last.weight, torch.full_like(last.weight, 0.0 if zero else 1.0))
    assert torch.equal(block.norm1.weight, torch.ones_like(block.norm1.weight))
    x = torch.rand(1, block.in_channels, 4, 4)
    assert torch.equal(block(x), x) is zero


def test_convolutions_start_as_kaiming():
    model = ResNet(18, base_channels=64)
    model.init_weights()
    weight = model.layer1[0].conv1.weight
    expected = (2 / (64 * 9)) ** 0.5
    assert weight.std().item() == pytest.approx(expected, rel=0.05)


def test_pretrained_weights_are_not_zeroed(tmp_path):
    source = build(zero_init_residual=False)
    source.init_weights()
    torch.save(source.state_dict(), tmp_path / 'weights.pth')
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.pth'))
    for init_cfg in (init, [dict(type='Constant', val=3, layer='Conv2d'), init]):
        model = build(init_cfg=init_cfg)
        model.init_weights()
        torch.testing.assert_close(model.state_dict(), source.state_dict())


@pytest.mark.parametrize('checkpoint', [5, None, [], ['a.pth'], dict(a=1), True])
def test_pretrained_weights_that_are_not_named(checkpoint):
    """Refused when the model is built by name, and by its class when it is filled."""
    init = dict(type='Pretrained', checkpoint=checkpoint)
    cfg = dict(type='ResNet_CIFAR', depth=18, init_cfg=init)
    with pytest.raises(
        ConfigError, match='init_cfg.checkpoint: PretrainedInit expects'
    ):
        MODELS.build(cfg)
    with pytest.raises(ConfigError, match='checkpoint: PretrainedInit expects str'):
        build(init_cfg=init).init_weights()


@pytest.mark.parametrize('checkpoint', ['', 'folder', 'other.pth'])
def test_pretrained_weights_of_nothing_or_another_model(tmp_path, checkpoint):
    (tmp_path / 'folder').mkdir()
    torch.save(dict(a=torch.zeros(1)), tmp_path / 'other.pth')
    model = build(init_cfg=dict(type='Pretrained', checkpoint=checkpoint))
    said = {'': "got ''", 'folder': 'is a folder', 'other.pth': 'is of another model'}
    with pytest.raises(CheckpointError, match=said[checkpoint]):
        model.init_weights()


def test_drop_path_reaches_every_block():
    model = build(drop_path_rate=1.0).train()
    x = torch.randn(2, 3, 32, 32)
    stem = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    # all branches are dropped, and the first stage's shortcuts change nothing
    torch.testing.assert_close(model.layer1(stem), stem)


def test_drop_path_per_block():
    layer = ResLayer(BasicBlock, 3, 4, 4, drop_path_rate=[0.0, 0.1, 0.2])
    assert [block.drop_path.drop_prob for block in layer] == [0.0, 0.1, 0.2]
    with pytest.raises(ValueError, match='3 blocks need as many drop_path_rate, got 2'):
        ResLayer(BasicBlock, 3, 4, 4, drop_path_rate=[0.0, 0.1])


def test_group_norm_takes_the_place_of_batch_norm():
    model = build(norm_cfg=dict(type='GN', num_groups=2))
    names = model.state_dict()
    assert 'gn1.weight' in names
    assert 'layer1.0.gn2.weight' in names
    assert not any('bn' in name for name in names)
    assert type(model.norm1) is type(model.layer1[0].norm1) is nn.GroupNorm


def test_norm_weights_can_be_frozen():
    model = build(norm_cfg=dict(type='BN', requires_grad=False))
    assert {p.ndim for p in model.parameters() if p.requires_grad} == {4}


def test_one_image_in_evaluation_and_other_precisions():
    model = build(depth=50).eval()
    x = torch.randn(1, 3, 32, 32)
    expected = model(x)[0]
    channels_last = model.to(memory_format=torch.channels_last)
    got = channels_last(x.to(memory_format=torch.channels_last))[0]
    assert got.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(got, expected)
    half = model.bfloat16()(x.bfloat16())[0]
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), expected, rtol=0.1, atol=0.1)


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(depth=19), 'depth must be 18, 34, 50, 101 or 152, got 19'),
        (dict(dept=18), "ResNet has no argument 'dept'"),
        (dict(depth='18'), "depth: ResNet expects int, got '18'"),
        (dict(out_indices=(4,)), 'must be one or more of 0 to 3'),
        (dict(out_indices=()), 'must be one or more of 0 to 3'),
        (dict(frozen_stages=5), 'frozen_stages=5 must be from -1'),
        (dict(frozen_stages=-2), 'frozen_stages=-2 must be from -1'),
        (dict(strides=(1, 2)), 'strides has 2 entries for 4 stages'),
        (dict(num_stages=3, strides=(1, 2, 2)), 'dilations has 4 entries'),
        (dict(num_stages=5), 'num_stages=5 must be from 1 to 4'),
        (dict(style='tf'), "expects 'pytorch' | 'caffe'"),
        (dict(expansion=0), 'expansion must be at least 1, got 0'),
        (dict(norm_cfg=dict(type='BNN')), "norm_cfg: unknown type 'BNN'"),
        (dict(type='ResNet_CIFAR', deep_stem=True), 'deep_stem=True is not possible'),
        (dict(type='SEResNet'), 'depth must be 50, 101 or 152, got 18'),
        (dict(type='ResNetV1d', deep_stem=False), "no argument 'deep_stem'"),
    ],
)
def test_wrong_arguments_are_refused(kwargs, message):
    with pytest.raises(ConfigError) as caught:
        build(**kwargs)
    assert message in str(caught.value)


def test_wrong_blocks_are_refused():
    with pytest.raises(ValueError, match='out_channels=16 is not a multiple of expans'):
        Bottleneck(8, 16, expansion=3)
    with pytest.raises(ValueError, match="style must be 'pytorch' or 'caffe'"):
        BasicBlock(8, 8, style='tf')


def test_resnext_width():
    model = MODELS.build(
        dict(type='ResNeXt', depth=50, groups=4, width_per_group=8, base_channels=64)
    )
    widths = [getattr(model, name)[0].conv2.out_channels for name in model.res_layers]
    assert widths == [32, 64, 128, 256]
    assert model.layer4[0].conv2.groups == 4
    assert model.feature_specs[0].channels == 2048


def test_squeeze_and_excitation_is_on_the_branch():
    model = build(type='SEResNet', depth=50).eval()
    block = model.layer1[1]
    x = torch.randn(1, 32, 4, 4)
    plain = Bottleneck(32, 32).eval()
    plain.load_state_dict(block.state_dict(), strict=False)
    torch.testing.assert_close(block(x), (x + block.se_layer(plain.branch(x))).relu())


class MyResNet(ResNet):
    """Another stem by the method that is meant for it, written as users do."""

    def __init__(self, depth, deep_stem=False, **kwargs):
        super().__init__(depth, deep_stem=deep_stem, **kwargs)

    def _make_stem_layer(self, in_channels, base_channels):
        self.conv1 = build_conv_layer(
            self.conv_cfg,
            in_channels,
            base_channels,
            kernel_size=3,
            stride=1,
            padding=1,
            bias=False,
        )
        self.norm1_name, norm1 = build_norm_layer(
            self.norm_cfg, base_channels, postfix=1
        )
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.norm1(self.conv1(x)))
        outs = []
        for i, layer_name in enumerate(self.res_layers):
            x = getattr(self, layer_name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


def test_subclass_of_a_user():
    mine = MyResNet(18, frozen_stages=0, **SMALL)
    ours = ResNet_CIFAR(18, **SMALL)
    ours.load_state_dict(mine.state_dict())
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(mine.eval()(x), ours.eval()(x))
    assert mine.feature_specs == ours.feature_specs == ((64, 8),)
    assert not mine.conv1.weight.requires_grad
    assert MODELS.build(dict(type=MyResNet, depth=18, **SMALL)).depth == 18
    with pytest.raises(ConfigError, match="MyResNet has no argument 'deph'"):
        MODELS.build(dict(type=MyResNet, deph=18))
