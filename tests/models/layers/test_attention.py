import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.models.layers import LayerScale, MultiheadAttention, TransformerEncoderLayer
from mmlite.registry import MODELS


def attend(module, x, scale):
    """Attention, one query at a time."""
    batch, length, _ = x.shape
    dims, heads = module.embed_dims, module.num_heads
    width = dims // heads
    qkv = x @ module.qkv.weight.T + module.qkv.bias
    out = torch.zeros(batch, length, dims)
    for b in range(batch):
        for h in range(heads):
            part = slice(h * width, (h + 1) * width)
            q, k, v = (qkv[b, :, i * dims : (i + 1) * dims][:, part] for i in range(3))
            for i in range(length):
                score = torch.stack([q[i] @ k[j] for j in range(length)]) * scale
                weight = score.exp() / score.exp().sum()
                out[b, i, part] = sum(weight[j] * v[j] for j in range(length))
    return out @ module.proj.weight.T + module.proj.bias


@pytest.mark.parametrize(('heads', 'qk_scale'), [(1, None), (2, None), (2, 0.3)])
def test_equals_a_loop_over_queries(heads, qk_scale):
    module = MultiheadAttention(8, heads, qk_scale=qk_scale)
    x = torch.randn(2, 5, 8)
    scale = (8 / heads) ** -0.5 if qk_scale is None else qk_scale
    torch.testing.assert_close(
        module(x), attend(module, x, scale), rtol=1e-4, atol=1e-5
    )


def test_names_are_those_of_checkpoints():
    module = MultiheadAttention(8, 2, layer_scale_init_value=0.1, qkv_bias=False)
    names = ['qkv.weight', 'proj.weight', 'proj.bias', 'gamma1.weight']
    assert list(module.state_dict()) == names
    assert module.qkv.weight.shape == (24, 8)


@pytest.mark.parametrize(
    ('kwargs', 'start'),
    [
        (dict(layer_scale_init_value=0.1), 0.1),
        (dict(use_layer_scale=True), 1e-5),
        (dict(layer_scale_init_value=torch.full((8,), 0.2)), 0.2),
    ],
)
def test_layer_scale_multiplies_the_branch(kwargs, start):
    module = MultiheadAttention(8, 2, **kwargs)
    plain = MultiheadAttention(8, 2)
    plain.load_state_dict(module.state_dict(), strict=False)
    x = torch.randn(1, 3, 8)
    torch.testing.assert_close(module(x), plain(x) * start)


def test_input_width_and_value_shortcut():
    module = MultiheadAttention(4, 1, input_dims=6, v_shortcut=True)
    x = torch.randn(2, 3, 6)
    values = module.qkv(x)[..., 8:]
    branch = MultiheadAttention(4, 1, input_dims=6)
    branch.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x), branch(x) + values)


def test_dropout_is_for_training_only():
    module = MultiheadAttention(8, 2, attn_drop=0.5, proj_drop=0.5)
    x = torch.randn(1, 6, 8)
    assert not torch.equal(module(x), module(x))
    module.eval()
    assert torch.equal(module(x), module(x))


def test_branch_is_dropped_whole():
    module = MultiheadAttention(
        8, 2, dropout_layer=dict(type='DropPath', drop_prob=1.0)
    )
    assert torch.equal(module(torch.randn(2, 3, 8)), torch.zeros(2, 3, 8))


def test_impossible_heads_are_refused():
    with pytest.raises(
        ConfigError, match='embed_dims=8 is not a multiple of num_heads=3'
    ):
        MODELS.build(dict(type='MultiheadAttention', embed_dims=8, num_heads=3))
    with pytest.raises(ValueError, match='v_shortcut needs num_heads=1'):
        MultiheadAttention(8, 2, v_shortcut=True)


def test_layer_scale_formats():
    x = torch.randn(2, 3, 4, 5)
    last = LayerScale(5, 2.0)
    first = LayerScale(3, 2.0, data_format='channels_first')
    with torch.no_grad():
        first.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(last(x), 2 * x)
    expected = torch.stack([x[:, 0], 2 * x[:, 1], 3 * x[:, 2]], dim=1)
    torch.testing.assert_close(first(x), expected)
    inplace = LayerScale(5, 2.0, inplace=True)
    with torch.no_grad():
        y = x.clone()
        assert inplace(y) is y
    with pytest.raises(ValueError, match='data_format'):
        LayerScale(3, data_format='last')


def test_encoder_layer_is_two_branches():
    layer = TransformerEncoderLayer(8, 2, 16, layer_scale_init_value=0.5)
    x = torch.randn(2, 5, 8)
    middle = x + layer.attn(layer.norm1(x))
    hidden = torch.nn.functional.gelu(layer.ffn.layers[0][0](layer.norm2(middle)))
    expected = middle + 0.5 * layer.ffn.layers[1](hidden)
    torch.testing.assert_close(layer(x), expected)


def test_encoder_layer_initialises_its_network():
    layer = TransformerEncoderLayer(64, 2, 256)
    layer.init_weights()
    weight = layer.ffn.layers[0][0].weight
    bound = (6 / (64 + 256)) ** 0.5
    assert bound * 0.99 < weight.abs().max().item() <= bound
    assert layer.ffn.layers[1].bias.abs().max() < 1e-5


def test_encoder_layer_refuses_an_unknown_network():
    with pytest.raises(ValueError, match="ffn_type must be 'origin' or 'swiglu_fused'"):
        TransformerEncoderLayer(8, 2, 16, ffn_type='swiglu')


def test_bfloat16():
    layer = TransformerEncoderLayer(8, 2, 16).bfloat16()
    assert layer(torch.randn(1, 3, 8, dtype=torch.bfloat16)).dtype == torch.bfloat16
