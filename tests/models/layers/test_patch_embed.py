import pytest
import torch
import torch.nn.functional as F

from mmlite.models.layers import AdaptivePadding, PatchEmbed, resize_pos_embed


def test_token_is_a_linear_map_of_its_patch():
    embed = PatchEmbed(3, 5, kernel_size=4, stride=4)
    x = torch.randn(2, 3, 8, 12)
    tokens, size = embed(x)
    assert size == (2, 3)
    weight = embed.projection.weight.flatten(1)
    for row in range(2):
        for column in range(3):
            patch = x[:, :, row * 4 : row * 4 + 4, column * 4 : column * 4 + 4]
            expected = patch.flatten(1) @ weight.T + embed.projection.bias
            token = tokens[:, row * 3 + column]
            torch.testing.assert_close(token, expected, rtol=1e-4, atol=1e-5)


def test_names_are_those_of_checkpoints():
    embed = PatchEmbed(3, 5, norm_cfg=dict(type='LN'), bias=False)
    assert list(embed.state_dict()) == ['projection.weight', 'norm.weight', 'norm.bias']


@pytest.mark.parametrize('padding', ['corner', 'same', 0, 1])
@pytest.mark.parametrize('size', [(16, 16), (17, 15), (5, 23)])
@pytest.mark.parametrize(('kernel', 'stride'), [(4, 4), (3, 2), (5, None)])
def test_size_announced_is_size_given(padding, size, kernel, stride):
    embed = PatchEmbed(1, 2, 'Conv2d', kernel, stride, padding, input_size=size)
    tokens, out_size = embed(torch.zeros(1, 1, *size))
    assert embed.init_out_size == out_size
    assert tokens.shape == (1, out_size[0] * out_size[1], 2)
    assert embed.init_input_size == size


def test_norm_is_on_tokens():
    tokens, _ = PatchEmbed(3, 8, norm_cfg=dict(type='LN'))(torch.randn(1, 3, 32, 32))
    torch.testing.assert_close(tokens.mean(-1), torch.zeros(1, 4), atol=1e-5, rtol=0)


def test_padding_is_right_and_below_or_all_around():
    x = torch.ones(1, 1, 5, 4)
    corner = AdaptivePadding(4, 4)(x)
    same = AdaptivePadding(4, 4, padding='same')(x)
    assert torch.equal(corner, F.pad(x, (0, 0, 0, 3)))
    assert torch.equal(same, F.pad(x, (0, 0, 1, 2)))
    assert AdaptivePadding(2, 2)(torch.ones(1, 1, 4, 4)).shape == (1, 1, 4, 4)
    with pytest.raises(ValueError, match="'corner' or 'same'"):
        AdaptivePadding(padding='center')


def test_padding_covers_every_pixel_by_the_fewest_steps():
    for size in range(3, 20):
        for kernel, stride, dilation in [(4, 4, 1), (3, 2, 1), (2, 3, 1), (3, 2, 2)]:
            pad = AdaptivePadding(kernel, stride, dilation)
            total = size + pad.get_pad_shape((size, size))[0]
            steps = (total - (kernel - 1) * dilation - 1) // stride + 1
            assert steps == -(-size // stride)


def test_position_embedding_of_the_same_shape_is_itself():
    embed = torch.randn(1, 7, 4)
    assert resize_pos_embed(embed, (2, 3), (2, 3)) is embed


@pytest.mark.parametrize('mode', ['bicubic', 'bilinear', 'nearest'])
@pytest.mark.parametrize('extra', [0, 1, 2])
def test_resized_position_embedding(mode, extra):
    tokens = torch.randn(1, extra, 4)
    constant = torch.full((1, 6, 4), 3.0)
    embed = torch.cat((tokens, constant), dim=1)
    out = resize_pos_embed(embed, (2, 3), (5, 4), mode, extra)
    assert out.shape == (1, extra + 20, 4)
    assert torch.equal(out[:, :extra], tokens)
    torch.testing.assert_close(out[:, extra:], torch.full((1, 20, 4), 3.0))


def test_doubled_position_embedding_is_interpolated_linearly():
    # Rows 0 and 1 hold 0 and 4; twice as fine, pixel centres lie at -1/4, 1/4,
    # 3/4 and 5/4 of them.
    embed = torch.tensor([0.0, 4.0]).view(1, 2, 1)
    out = resize_pos_embed(embed, (2, 1), (4, 1), 'bilinear', num_extra_tokens=0)
    torch.testing.assert_close(out.flatten(), torch.tensor([0.0, 1.0, 3.0, 4.0]))


@pytest.mark.parametrize(
    ('source', 'target'),
    # Of each, some library's factor of a float makes one row too few.
    [(11, 15), (13, 15), (11, 30), (23, 13), (14, 61)],
)
def test_grids_are_resized_to_a_size_not_by_a_factor(source, target):
    embed = torch.randn(1, 1 + source**2, 4)
    out = resize_pos_embed(embed, (source, source), (target, target))
    assert out.shape == (1, 1 + target**2, 4)
    assert torch.equal(out[:, :1], embed[:, :1])


def test_a_grid_that_is_no_square_is_not_transposed():
    columns = torch.arange(11.0).expand(11, 11).reshape(1, 121, 1)
    out = resize_pos_embed(columns, (11, 11), (15, 30), num_extra_tokens=0)
    rows = out.view(15, 30)
    torch.testing.assert_close(rows, rows[:1].expand(15, 30))  # it varies with x alone
    assert torch.all(rows[0].diff() > 0)


def test_half_precision_is_kept():
    embed = torch.randn(1, 5, 4, dtype=torch.bfloat16)
    assert resize_pos_embed(embed, (2, 2), (3, 3)).dtype == torch.bfloat16


def test_embedding_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r'shape \(1, 5, D\), got \(1, 4, 8\)'):
        resize_pos_embed(torch.zeros(1, 4, 8), (2, 2), (3, 3))
