"""Attention within windows, against attention with a mask over the whole map."""

import pytest
import torch

from mmlite.models.layers import (
    PatchMerging,
    ShiftWindowMSA,
    WindowMSAV2,
    window_partition,
    window_reverse,
)


def test_windows_are_cut_and_joined_again():
    x = torch.randn(2, 4, 6, 3)
    windows = window_partition(x, 2)
    assert windows[4].equal(x[0, 2:4, 2:4].reshape(4, 3))
    assert window_reverse(windows, (4, 6), 2).equal(x)


@pytest.mark.parametrize('shift', [0, 1, 2])
def test_it_is_full_attention_with_a_mask(shift):
    """Brute force: every token looks at those of its window after the shift."""
    torch.manual_seed(0)
    height, width, window = 6, 9, 3
    layer = ShiftWindowMSA(8, 2, window, shift).eval()
    torch.nn.init.normal_(layer.w_msa.relative_position_bias_table)
    x = torch.randn(1, height * width, 8)
    got = layer(x, (height, width))[0]

    attention = layer.w_msa
    q, k, v = attention.qkv(x[0]).view(-1, 3, 2, 4).permute(1, 2, 0, 3)
    table = attention.relative_position_bias_table
    out = torch.empty(height * width, 2, 4)

    def window_of(place, length):  # bands that a roll cuts off are of their own
        return (place - shift) // window if place >= shift else -1

    for i in range(height * width):
        y, xx = divmod(i, width)
        keys, biases = [], []
        for j in range(height * width):
            v_, u = divmod(j, width)
            same_row = window_of(y, height) == window_of(v_, height)
            if same_row and window_of(xx, width) == window_of(u, width):
                keys.append(j)
                offset = (y - v_ + window - 1) * (2 * window - 1) + xx - u + window - 1
                biases.append(table[offset])
        logits = torch.einsum('hd,hkd->hk', q[:, i], k[:, keys]) / 2
        weights = (logits + torch.stack(biases, dim=1)).softmax(dim=-1)
        out[i] = torch.einsum('hk,hkd->hd', weights, v[:, keys])
    expected = attention.proj(out.flatten(1))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def test_a_map_smaller_than_a_window_must_be_allowed():
    x = torch.randn(1, 6, 8)
    with pytest.raises(ValueError, match='pad_small_map=True'):
        ShiftWindowMSA(8, 2, 4)(x, (2, 3))
    assert ShiftWindowMSA(8, 2, 4, pad_small_map=True)(x, (2, 3)).shape == x.shape


def test_a_shift_is_smaller_than_the_window():
    with pytest.raises(ValueError, match='shift_size=4'):
        ShiftWindowMSA(8, 2, 4, 4)


def test_cosine_attention_forgets_the_length_of_its_input():
    layer = WindowMSAV2(8, (2, 2), 2, qkv_bias=False).eval()
    x = torch.randn(3, 4, 8)
    zero = layer.proj.bias.detach()
    torch.testing.assert_close(layer(5 * x) - zero, 5 * (layer(x) - zero))


def test_tables_of_a_checkpoint_for_another_window_are_not_loaded():
    small, large = WindowMSAV2(8, (2, 2), 2), WindowMSAV2(8, (4, 4), 2)
    before = large.relative_coords_table.clone()
    large.load_state_dict(small.state_dict())
    assert large.relative_coords_table.equal(before)


def test_joined_tokens_come_channel_by_channel():
    layer = PatchMerging(1, 4, norm_cfg=None)
    torch.nn.init.eye_(layer.reduction.weight)
    tokens, size = layer(torch.arange(16.0).view(1, 16, 1), (4, 4))
    assert size == (2, 2)
    assert tokens[0].tolist() == [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 12, 13],
        [10, 11, 14, 15],
    ]


@pytest.mark.parametrize('kernel, stride, padding', [(2, 2, 0), (3, 2, 1)])
def test_merging_is_torchs_unfold(kernel, stride, padding):
    torch.manual_seed(0)
    layer = PatchMerging(3, 5, kernel, stride, padding, norm_cfg=None)
    x = torch.randn(2, 3, 6, 8)
    got, size = layer(x.flatten(2).transpose(1, 2), (6, 8))
    columns = torch.nn.functional.unfold(x, kernel, 1, padding, stride).transpose(1, 2)
    torch.testing.assert_close(got, columns @ layer.reduction.weight.T)
    assert size[0] * size[1] == columns.shape[1]
