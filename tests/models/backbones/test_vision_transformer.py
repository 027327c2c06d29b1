import copy

import pytest
import torch
from torch import nn

from mmlite.errors import ConfigError
from mmlite.models.backbones import VisionTransformer
from mmlite.models.layers import SwiGLUFFNFused, resize_pos_embed
from mmlite.registry import MODELS

ARCH = dict(embed_dims=8, num_layers=3, num_heads=2, feedforward_channels=16)


def build(**kwargs):
    cfg = dict(type='VisionTransformer', arch=ARCH, img_size=32, patch_size=8)
    model = MODELS.build({**cfg, **kwargs})
    nn.init.normal_(model.pos_embed)
    return model


SHAPES = {
    'raw': (2, 17, 8),
    'cls_token': (2, 8),
    'avg_featmap': (2, 8),
    'featmap': (2, 8, 4, 4),
}


@pytest.mark.parametrize('out_type', SHAPES)
def test_output_types(out_type):
    model = build(out_type=out_type, out_indices=[0, -1]).eval()
    outs = model(torch.randn(2, 3, 32, 32))
    assert [out.shape for out in outs] == [SHAPES[out_type]] * 2
    stride = 8 if out_type == 'featmap' else None
    assert model.feature_specs == ((8, stride),) * 2


def test_output_types_are_views_of_the_same_tokens():
    x = torch.randn(2, 3, 32, 24)
    raw = build(out_type='raw').eval()
    tokens = raw(x)[0]
    outs = {}
    for out_type in ('cls_token', 'avg_featmap', 'featmap'):
        model = build(out_type=out_type).eval()
        model.load_state_dict(raw.state_dict(), strict=False)
        outs[out_type] = model(x)[0]
    torch.testing.assert_close(outs['cls_token'], tokens[:, 0])
    mean = tokens[:, 1:].mean(1)
    torch.testing.assert_close(
        outs['avg_featmap'], nn.functional.layer_norm(mean, (8,), eps=1e-6)
    )
    for row in range(4):
        for column in range(3):
            pixel = outs['featmap'][:, :, row, column]
            torch.testing.assert_close(pixel, tokens[:, 1 + row * 3 + column])


def test_forward_is_embedding_then_layers_then_norm():
    model = build(out_type='raw', pre_norm=True).eval()
    x = torch.randn(2, 3, 32, 32)
    tokens = model.patch_embed(x)[0]
    tokens = torch.cat([model.cls_token.expand(2, -1, -1), tokens], 1)
    tokens = model.pre_norm(tokens + model.pos_embed)
    for layer in model.layers:
        tokens = layer(tokens)
    torch.testing.assert_close(model(x)[0], model.ln1(tokens))
    assert model.norm1 is model.ln1
    assert model.patch_embed.projection.bias is None


def test_masked_patches_can_be_left_out_between_the_two_pieces():
    # As MAE does: without dropped patches nothing differs; dropped ones are not seen.
    model = build(out_type='raw').eval()
    x = torch.randn(2, 3, 32, 32)
    tokens, resolution = model.embed(x)
    assert resolution == (4, 4)
    torch.testing.assert_close(model.encode(tokens, resolution), model(x))
    kept = model.encode(tokens[:, :6], resolution)[0]
    assert kept.shape == (2, 6, 8)
    blank = x.clone()
    blank[:, :, 16:] = 9  # patches 8 to 15 only
    again = model.encode(model.embed(blank)[0][:, :6], resolution)[0]
    torch.testing.assert_close(again, kept)


def test_patches_can_be_replaced_before_they_have_a_position():
    # As BEiT does: a mask token in the place of every patch hides the image.
    model = build(out_type='raw').eval()
    outs = []
    for x in torch.randn(2, 1, 3, 32, 32):
        patches, resolution = model.patch_embed(x)
        masked = torch.ones_like(patches)
        outs.append(model.encode(model.place(masked, resolution), resolution)[0])
    torch.testing.assert_close(*outs)
    assert not torch.allclose(outs[0][:, 1], outs[0][:, 2])  # the positions remain


@pytest.mark.parametrize('arch', sorted(VisionTransformer.arch_zoo))
def test_every_architecture_can_be_built(arch):
    with torch.device('meta'):
        model = VisionTransformer(arch.upper())
    setting = VisionTransformer.arch_zoo[arch]
    assert len(model.layers) == setting['num_layers']
    assert model.feature_specs[0].channels == setting['embed_dims']


@pytest.mark.parametrize(
    ('arch', 'millions'),
    # without classifiers; from the tables of the papers' repositories
    [('deit-tiny', 5.5), ('deit-small', 21.7), ('base', 85.8), ('large', 303.3)],
)
def test_number_of_weights(arch, millions):
    with torch.device('meta'):
        model = VisionTransformer(arch)
    count = sum(p.numel() for p in model.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.06)


def test_other_image_sizes_interpolate_the_position_embedding():
    model = build(out_type='featmap').eval()
    x = torch.randn(1, 3, 40, 27)  # 27 columns are padded to 32
    (out,) = model(x)
    assert out.shape == (1, 8, 5, 4)
    fitted = build(out_type='featmap', img_size=(40, 32)).eval()
    state = model.state_dict()
    state['pos_embed'] = resize_pos_embed(model.pos_embed, (4, 4), (5, 4))
    fitted.load_state_dict(state)
    torch.testing.assert_close(fitted(x)[0], out)


@pytest.mark.parametrize('mode', ['bicubic', 'bilinear'])
def test_checkpoint_of_another_image_size_is_fitted(mode):
    source = build(img_size=48)
    holder = nn.Module()
    holder.backbone = build(interpolate_mode=mode)
    state = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    before = state['backbone.pos_embed']
    holder.load_state_dict(state)
    expected = resize_pos_embed(source.pos_embed, (6, 6), (4, 4), mode)
    torch.testing.assert_close(holder.backbone.pos_embed.data, expected)
    assert state['backbone.pos_embed'] is before


def test_checkpoint_with_class_token_fits_a_model_without():
    source = build(out_type='raw')
    model = build(out_type='raw', with_cls_token=False)
    model.load_state_dict(source.state_dict(), strict=False)
    torch.testing.assert_close(model.pos_embed, source.pos_embed[:, 1:])


@pytest.mark.parametrize('shape', [(1, 15, 8), (1, 26, 4)])
def test_checkpoint_of_another_model_tells_both_shapes(shape):
    model = build()
    state = model.state_dict() | {'pos_embed': torch.zeros(shape)}
    with pytest.raises(RuntimeError, match='size mismatch for pos_embed'):
        model.load_state_dict(state)


def test_copy_fits_its_own_embedding():
    small = build(img_size=16)
    copied = copy.deepcopy(small)
    copied.load_state_dict(build().state_dict())
    assert copied.pos_embed.shape == (1, 5, 8)
    assert not torch.equal(copied.pos_embed, small.pos_embed)


def test_without_class_token():
    model = build(with_cls_token=False, out_type='avg_featmap').eval()
    assert model.cls_token is None
    assert model.num_extra_tokens == 0
    assert model.pos_embed.shape == (1, 16, 8)
    assert model(torch.randn(1, 3, 40, 40))[0].shape == (1, 8)


@pytest.mark.parametrize('frozen', [-1, 0, 1, 2, 3])
@pytest.mark.parametrize('out_type', ['cls_token', 'avg_featmap'])
def test_frozen_stages(frozen, out_type):
    model = build(
        frozen_stages=frozen, drop_rate=0.5, pre_norm=True, out_type=out_type
    ).train()
    names = {n for n, p in model.named_parameters() if p.requires_grad}
    heads = {name.split('.')[0] for name in names}
    embedding = {'pos_embed', 'cls_token', 'patch_embed', 'pre_norm'}
    assert heads.isdisjoint(embedding) is (frozen > 0)
    open_layers = {int(n.split('.')[1]) for n in names if n.startswith('layers')}
    assert open_layers == set(range(max(frozen, 0), 3))
    assert ('ln1' in heads) is (frozen < 3)
    assert model.drop_after_pos.training is (frozen < 1)
    for i, layer in enumerate(model.layers):
        assert layer.training is (i >= frozen)


def test_drop_path_grows_with_depth():
    model = build(drop_path_rate=0.2)
    rates = [layer.attn.out_drop.drop_prob for layer in model.layers]
    assert rates == pytest.approx([0.0, 0.1, 0.2])
    assert rates == [layer.ffn.dropout_layer.drop_prob for layer in model.layers]


def test_layer_and_patch_configs_come_last():
    model = build(
        layer_cfgs=[dict(drop_path_rate=r) for r in (0.3, 0.2, 0.1)],
        patch_cfg=dict(bias=False),
        drop_path_rate=0.9,
    )
    rates = [layer.attn.out_drop.drop_prob for layer in model.layers]
    assert rates == [0.3, 0.2, 0.1]
    assert model.patch_embed.projection.bias is None
    gated = build(layer_cfgs=dict(ffn_type='swiglu_fused'))
    assert all(type(layer.ffn) is SwiGLUFFNFused for layer in gated.layers)


def test_overlapping_patches():
    model = build(patch_cfg=dict(stride=4), out_type='featmap')
    assert model(torch.randn(1, 3, 32, 32))[0].shape[2:] == model.patch_resolution
    assert model.feature_specs[0].stride == 4


def test_init_weights():
    model = build(arch='deit-tiny')
    model.init_weights()
    assert model.pos_embed.std().item() == pytest.approx(0.02, rel=0.1)
    assert model.pos_embed.abs().max() < 2


def test_layer_depths():
    model = build(out_type='avg_featmap')
    depths = {
        'pos_embed': 0,
        'cls_token': 0,
        'patch_embed.projection.weight': 0,
        'layers.0.ln1.weight': 1,
        'layers.2.ffn.layers.1.bias': 3,
        'ln1.weight': 4,
        'ln2.weight': 4,
    }
    for name, depth in depths.items():
        assert model.get_layer_depth(name) == (depth, 5)
        assert model.get_layer_depth(f'backbone.{name}', 'backbone.') == (depth, 5)
    assert model.get_layer_depth('head.fc.weight', 'backbone.') == (4, 5)


def test_bfloat16():
    model = build(layer_scale_init_value=0.1).bfloat16()
    x = torch.randn(1, 3, 40, 32, dtype=torch.bfloat16)
    assert model(x)[0].dtype == torch.bfloat16


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(arch='deit-tinny'), "did you mean 'deit-tiny'?"),
        (dict(arch=dict(embed_dims=8)), 'arch lacks the keys feedforward_channels'),
        (dict(arch=dict(ARCH, depth=3)), "arch has no key 'depth'"),
        (dict(out_type='cls'), 'out_type: VisionTransformer expects'),
        (dict(with_cls_token=False), "out_type='cls_token' needs with_cls_token=True"),
        (dict(out_indices=3), 'out_indices=3 must be one or more of 0 to 2'),
        (dict(frozen_stages=4), 'frozen_stages=4 must be from -1'),
        (dict(layer_cfgs=[{}]), 'layer_cfgs has 1 entries for 3 layers'),
        (dict(layer_cfgs=dict(ffn='x')), 'layer_cfgs: TransformerEncoderLayer has no'),
        (dict(layer_cfgs=[{}, dict(ffn='x'), {}]), 'layer_cfgs.1: TransformerEncoderL'),
        (dict(patch_cfg=dict(kernel=1)), "patch_cfg: PatchEmbed has no argument 'ker"),
        (dict(norm_cfg=dict(type='LNN')), "norm_cfg: unknown type 'LNN'"),
    ],
)
def test_wrong_arguments_are_refused(kwargs, message):
    with pytest.raises(ConfigError) as caught:
        build(**kwargs)
    assert message in str(caught.value)


def test_unknown_output_type_is_refused_in_python_too():
    with pytest.raises(ValueError, match="did you mean 'featmap'"):
        VisionTransformer(ARCH, out_type='feat_map')


def test_the_first_norm_stands_behind_the_layers_in_a_state_dict():
    """As in mmpretrain 1.2.0, whose optimizer states are found by position."""
    names = [n for n, _ in VisionTransformer(ARCH, pre_norm=True).named_parameters()]
    places = {n.split('.')[0]: i for i, n in enumerate(names)}
    assert list(places)[-3:] == ['layers', 'pre_norm', 'ln1']
