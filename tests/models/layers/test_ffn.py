import pytest
import torch
import torch.nn.functional as F

from mmlite.models.layers import FFN, SwiGLUFFN, SwiGLUFFNFused


def test_names_are_those_of_checkpoints():
    names = [f'layers.{i}.{p}' for i in ('0.0', '1') for p in ('weight', 'bias')]
    assert list(FFN(4, 8).state_dict()) == names
    deep = FFN(4, 8, num_fcs=3, layer_scale_init_value=0.1).state_dict()
    assert {'layers.1.0.weight', 'layers.2.weight', 'gamma2.weight'} <= set(deep)


def test_equals_its_formula():
    ffn = FFN(4, 8, act_cfg=dict(type='GELU'), layer_scale_init_value=0.5)
    x, identity = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    branch = 0.5 * ffn.layers[1](F.gelu(ffn.layers[0][0](x)))
    torch.testing.assert_close(ffn(x), x + branch)
    torch.testing.assert_close(ffn(x, identity=identity), identity + branch)
    ffn.add_identity = False
    torch.testing.assert_close(ffn(x), branch)


def test_dropout():
    ffn = FFN(4, 8, ffn_drop=1.0)
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(ffn(x), x)
    dropped = FFN(4, 8, dropout_layer=dict(type='DropPath', drop_prob=1.0))
    torch.testing.assert_close(dropped(x), x)
    assert not torch.equal(dropped.eval()(x), x)


def test_one_linear_layer_is_refused():
    with pytest.raises(ValueError, match='num_fcs must be at least 2, got 1'):
        FFN(4, 8, num_fcs=1)


def test_swiglu_equals_its_formula():
    ffn = SwiGLUFFN(4, 6, layer_scale_init_value=0.5, norm_cfg=dict(type='LN'))
    x = torch.randn(2, 3, 4)
    both = ffn.w12(x)
    gated = both[..., :6] * torch.sigmoid(both[..., :6]) * both[..., 6:]
    branch = 0.5 * ffn.w3(F.layer_norm(gated, (6,)))
    torch.testing.assert_close(ffn(x), x + branch)


def test_swiglu_widths():
    assert SwiGLUFFN(4).w3.in_features == 4
    assert SwiGLUFFN(4, 6, out_dims=5, add_identity=False)(
        torch.zeros(1, 2, 4)
    ).shape == (1, 2, 5)
    # dinov2-giant: 4096 hidden units on paper are 2 / 3 of 6144
    assert SwiGLUFFNFused(8, 6144).w3.in_features == 4096
    assert SwiGLUFFNFused(8, 100).w3.in_features == 72
    with pytest.raises(ValueError, match='set add_identity=False'):
        SwiGLUFFN(4, out_dims=5)
