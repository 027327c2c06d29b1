"""What is fused gives what its branches gave."""

import pytest
import torch
from torch import nn

from mmlite.models.backbones import MobileOneBlock, RepVGGBlock
from mmlite.models.layers import fuse_conv_norm, switch_to_deploy
from mmlite.registry import MODELS


def stir(module: nn.Module) -> nn.Module:
    """Weights and statistics that are not those of the start."""
    torch.manual_seed(0)
    for value in module.state_dict().values():
        if value.is_floating_point():
            value.copy_(0.5 + torch.rand_like(value))
    return module.eval()


@pytest.mark.parametrize('bias', [True, False])
def test_convolution_and_norm_are_one_convolution(bias):
    conv = stir(nn.Conv2d(4, 6, 3, groups=2, bias=bias))
    norm = stir(nn.BatchNorm2d(6, eps=1e-2))
    weight, shift = fuse_conv_norm(conv, norm)
    x = torch.randn(2, 4, 5, 5)
    fused = nn.functional.conv2d(x, weight, shift, groups=2)
    torch.testing.assert_close(fused, norm(conv(x)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    'norm', [nn.GroupNorm(2, 6), nn.BatchNorm2d(6, track_running_stats=False)]
)
def test_other_norms_cannot_be_fused(norm):
    with pytest.raises(ValueError, match='cannot be fused'):
        fuse_conv_norm(nn.Conv2d(4, 6, 1), norm)


@pytest.mark.parametrize(
    'block',
    [
        RepVGGBlock(8, 8, groups=4),
        RepVGGBlock(8, 12, stride=2),
        RepVGGBlock(8, 8, padding=2, dilation=2, se_cfg=dict(ratio=2)),
        MobileOneBlock(8, 8, 3, num_convs=3, groups=8),
        MobileOneBlock(8, 12, 1, num_convs=2, padding=0, se_cfg=dict(ratio=2)),
    ],
)
def test_a_fused_block_gives_the_same(block):
    stir(block)
    x = torch.randn(2, 8, 7, 7)
    before = block(x)
    switch_to_deploy(nn.Sequential(block))
    assert block.deploy
    assert not any(isinstance(m, nn.BatchNorm2d) for m in block.modules())
    torch.testing.assert_close(block(x), before, rtol=1e-4, atol=1e-4)
    block.switch_to_deploy()  # a second call changes nothing


REP_LK = dict(
    large_kernel_sizes=[7, 5],
    layers=[1, 1],
    channels=[8, 12],
    small_kernel=3,
    dw_ratio=1,
)
REP_MLP = dict(channels=[8, 16], depths=[1, 1], sharesets_nums=[1, 2])
NETWORKS = [
    (dict(type='RepVGG', arch='A0', base_channels=8), 'deploy'),
    (dict(type='RepVGG', arch='D2se', base_channels=4), 'deploy'),
    (dict(type='RepLKNet', arch=REP_LK, out_indices=(0, 1)), 'small_kernel_merged'),
    (
        dict(
            type='RepMLPNet',
            arch=REP_MLP,
            img_size=(32, 64),
            out_indices=(0, 1),
            reparam_conv_kernels=(1, 3),
        ),
        'deploy',
    ),
    (dict(type='RIFormer', arch=dict(layers=[1, 1], embed_dims=[8, 16])), 'deploy'),
]


@pytest.mark.parametrize(
    ('cfg', 'flag'), NETWORKS, ids=lambda c: c if isinstance(c, str) else c['type']
)
def test_a_fused_network_is_the_one_built_for_deployment(cfg, flag):
    model = MODELS.build(cfg)
    torch.manual_seed(0)
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.add_(0.1 * torch.rand_like(value))
    model.eval()
    x = torch.randn(2, 3, 32, 64)
    with torch.no_grad():
        before = model(x)
        model.switch_to_deploy()
        after = model(x)
        built = MODELS.build(dict(cfg, **{flag: True})).eval()
        built.load_state_dict(model.state_dict(), strict=True)
        again = built(x)
    for one, two, three in zip(before, after, again, strict=True):
        torch.testing.assert_close(
            two, one, rtol=1e-3, atol=1e-3 * one.abs().max().item()
        )
        torch.testing.assert_close(three, two, rtol=0, atol=0)
