"""What is special about backbones of transformers."""

import copy

import pytest
import torch
from contracts.tiny import BACKBONES, TOKENS

from mmlite.errors import DataError
from mmlite.registry import MODELS


def build(name, **changes):
    torch.manual_seed(0)
    model = MODELS.build(dict(BACKBONES[name], type=name, **changes))
    model.init_weights()
    return model


def test_a_reversible_network_has_the_gradients_of_a_usual_one():
    changes = dict(drop_path_rate=0.5, drop_rate=0.1)
    reversible = build('RevVisionTransformer', **changes).train()
    usual = copy.deepcopy(reversible)
    usual.no_custom_backward = True
    x = torch.randn(3, 3, 64, 64)
    grads = []
    for model in (reversible, usual):
        torch.manual_seed(1)
        model(x)[0].square().sum().backward()
        grads.append({name: p.grad for name, p in model.named_parameters()})
    for name, expected in grads[1].items():
        torch.testing.assert_close(
            grads[0][name], expected, rtol=1e-3, atol=1e-3, msg=name
        )


def test_a_reversible_network_with_frozen_layers_trains():
    model = build('RevVisionTransformer', frozen_stages=1).train()
    model(torch.randn(2, 3, 64, 64))[0].sum().backward()
    assert all(p.grad is None for p in model.layers[0].parameters())
    assert all(p.grad is not None for p in model.layers[1].parameters())


@torch.no_grad()
def test_norms_are_folded_without_a_change_of_the_output():
    model = build('LeViT')
    model.train()(torch.randn(8, 3, 64, 64))  # moves the statistics
    x = torch.randn(2, 3, 64, 64)
    expected = model.eval()(x)
    model.switch_to_deploy()
    assert not [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm1d)]
    for got, want in zip(model(x), expected, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_a_folded_head_is_equal():
    head = MODELS.build(dict(type='LeViTClsHead', num_classes=5, in_channels=8))
    head.train()((torch.randn(16, 8),))
    feats = (torch.randn(4, 8),)
    expected = head.eval()(feats)
    head.switch_to_deploy()
    torch.testing.assert_close(head(feats), expected)


@pytest.mark.parametrize('name', ['LeViT', 'MixMIMTransformer', 'MlpMixer', 'TNT'])
def test_images_of_another_size_are_refused_by_name(name):
    with pytest.raises(DataError, match=r'\(96, 96\)'):
        build(name)(torch.zeros(1, 3, 96, 96))


def test_a_shared_table_is_given_to_every_layer():
    shared = dict(use_rel_pos_bias=False, use_shared_rel_pos_bias=True)
    one, each = build('BEiTViT', **shared), build('BEiTViT')
    one.init_weights()
    table = one.rel_pos_bias.relative_position_bias_table
    assert not table.any()
    torch.nn.init.normal_(table)
    each.load_state_dict(one.state_dict())
    for layer in each.layers:
        assert layer.attn.relative_position_bias_table.equal(table)


@pytest.mark.parametrize('name', ['BEiTViT', 'DeiT3', 'HiViT', 'T2T_ViT', 'ViTSAM'])
def test_weights_for_a_larger_image_load(name):
    small, large = build(name, img_size=64), build(name, img_size=96)
    report = large.load_state_dict(small.state_dict())
    assert not report.missing_keys
    assert not report.unexpected_keys


def test_layers_decay_from_the_embedding_to_the_head():
    model = build('SwinTransformer')
    depths = {
        name.split('.')[0]: model.get_layer_depth(f'backbone.{name}', 'backbone.')[0]
        for name in ('patch_embed.norm.bias', 'norm1.bias')
    }
    assert depths == dict(patch_embed=0, norm1=4)
    assert model.get_layer_depth('stages.0.blocks.1.norm1.bias') == (2, 5)
    assert model.get_layer_depth('stages.0.downsample.norm.bias') == (2, 5)
    assert model.get_layer_depth('stages.1.blocks.0.norm1.bias') == (3, 5)


@pytest.mark.parametrize(
    'cfg, message',
    [
        (dict(type='SwinTransformer', arch='tinny'), "did you mean 'tiny'"),
        (dict(type='SwinTransformer', arch=dict(depths=[1])), 'embed_dims'),
        (dict(type='SwinTransformer', window_size=[2, 4]), 'window_size: .* expects'),
        (dict(type='BEiTViT', use_shared_rel_pos_bias=True), 'exclude each other'),
        (dict(type='XCiT', out_indices=0), 'out_indices from 12'),
        (dict(type='XCiT', img_size=100), 'multiple of patch_size=16'),
        (dict(type='RevVisionTransformer', fusion_mode='mul'), 'fusion_mode'),
        (dict(type='T2T_ViT', t2t_cfg=dict(use_performer=True)), 'not implemented'),
        (
            dict(type='VisionTransformer', arch=TOKENS, layer_cfgs=[{}]),
            'layer_cfgs has 1 entries',
        ),
    ],
)
def test_wrong_arguments_are_refused(cfg, message):
    with pytest.raises(Exception, match=message):
        MODELS.build(cfg)


ITPN = dict(BACKBONES['HiViT'], type='iTPNHiViT', rpe=False)


def test_patches_that_are_left_out_are_counted_and_found_again():
    model = MODELS.build(dict(ITPN, mask_ratio=0.75)).eval()
    tokens, mask, restore = model(torch.randn(2, 3, 64, 64))
    assert [feat.shape[1] for feat in tokens] == [4, 4, 4]
    assert mask.sum(dim=1).tolist() == [12, 12]
    assert mask.equal((restore >= 4).float())
    assert restore.sort(dim=1).values.equal(torch.arange(16).expand(2, -1))


@torch.no_grad()
def test_a_masked_backbone_sees_a_whole_image_as_hivit_does():
    model = MODELS.build(dict(ITPN, reconstruction_type='clip')).eval()
    x = torch.randn(1, 3, 64, 64)
    *_, tokens = model(x, torch.zeros(1, 4, 4))
    whole = model(x, mask=None)[-1]
    torch.testing.assert_close(tokens, whole.flatten(2).transpose(1, 2))


@torch.no_grad()
def test_masked_patches_have_no_effect():
    model = MODELS.build(dict(ITPN, reconstruction_type='clip')).eval()
    x = torch.randn(1, 3, 64, 64)
    mask = torch.zeros(1, 4, 4)
    mask[:, 0] = 1
    *_, before = model(x, mask)
    x[:, :, :16] = 0
    *_, after = model(x, mask)
    torch.testing.assert_close(before, after)


def test_the_kind_of_reconstruction_is_checked():
    with pytest.raises(ValueError, match='reconstruction_type'):
        MODELS.build(dict(ITPN, reconstruction_type='hog'))
