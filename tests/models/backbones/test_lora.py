import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

VIT = dict(
    type='VisionTransformer',
    arch=dict(embed_dims=8, num_layers=2, num_heads=2, feedforward_channels=16),
    img_size=32,
)


def build(**changes):
    cfg = dict(type='LoRAModel', module=VIT, alpha=4, rank=2)
    torch.manual_seed(0)
    return MODELS.build({**cfg, 'targets': [dict(type='qkv')], **changes})


def test_it_starts_as_the_backbone_and_adds_a_product():
    model, x = build().eval(), torch.randn(2, 8)
    layer = model.module.layers[0].attn.qkv
    torch.testing.assert_close(layer(x), layer.original_layer(x))
    torch.nn.init.normal_(layer.lora_up.weight)
    change = x @ layer.lora_down.weight.T @ layer.lora_up.weight.T * 4 / 2
    torch.testing.assert_close(layer(x), layer.original_layer(x) + change)


def test_the_changes_alone_are_learnt_and_saved():
    model = build()
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert trained == set(model.state_dict())
    assert trained == {
        f'module.layers.{i}.attn.qkv.lora_{way}.weight'
        for i in range(2)
        for way in ('down', 'up')
    }
    found = build().load_state_dict(model.state_dict())
    assert not found.missing_keys
    assert not found.unexpected_keys


def test_targets_have_settings_of_their_own():
    targets = [dict(type=r'layers\.1\.attn\.proj', rank=3), dict(type='qkv')]
    shapes = {k: tuple(v.shape) for k, v in build(targets=targets).state_dict().items()}
    assert shapes['module.layers.1.attn.proj.lora_down.weight'] == (3, 8)
    assert shapes['module.layers.0.attn.qkv.lora_down.weight'] == (2, 8)
    assert 'module.layers.0.attn.proj.lora_down.weight' not in shapes


def test_depths_are_those_of_the_backbone():
    name = 'backbone.module.layers.1.attn.qkv.lora_up.weight'
    assert build().get_layer_depth(name, 'backbone.') == (2, 4)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(targets=[dict(type='qvk')]), "linear layer of .*; did you mean 'qkv'"),
        (dict(targets=()), 'targets names layers'),
        (dict(rank=0), 'rank must be at least 1, got 0'),
    ],
)
def test_wrong_arguments(changes, message):
    with pytest.raises(ConfigError, match=message):
        build(**changes)
