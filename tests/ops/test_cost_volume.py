"""Cost volumes against loops over every entry."""

import pytest
import torch

from mmlite.errors import DataError
from mmlite.ops import (
    RowLookup,
    concat_volume,
    context_upsample,
    convex_upsample,
    correlation_volume,
    cost_volume,
    group_correlation_volume,
    regress_disparity,
    row_correlation,
    row_pyramid,
)


def views(channels=6, width=7):
    generator = torch.Generator().manual_seed(0)
    shape = (2, channels, 3, width)
    return [torch.randn(shape, generator=generator).double() for _ in range(2)]


def looped(left, right, count, entry, channels):
    batch, _, height, width = left.shape
    volume = left.new_zeros(batch, channels, count, height, width)
    for d in range(count):
        for x in range(d, width):
            volume[:, :, d, :, x] = entry(left[..., x], right[..., x - d])
    return volume


@pytest.mark.parametrize('width', [5, 7, 70])
@pytest.mark.parametrize('count', [1, 4, 9])
def test_every_entry(width, count, monkeypatch):
    """More disparities than columns as well, and several blocks and pieces."""
    monkeypatch.setattr(cost_volume, '_CACHED', 2 * width * count)  # two of three rows
    left, right = views(width=width)
    beside = looped(left, right, count, lambda a, b: torch.cat([a, b], 1), 12)
    torch.testing.assert_close(concat_volume(left, right, count), beside)
    torch.testing.assert_close(
        cost_volume._traced_concat_volume(left, right, count), beside
    )

    def grouped(a, b):
        return (a * b).unflatten(1, (2, 3)).mean(dim=2)

    means = looped(left, right, count, grouped, 2)
    for function in (group_correlation_volume, cost_volume._products_of_blocks):
        torch.testing.assert_close(function(left, right, count, 2), means)
    torch.testing.assert_close(
        correlation_volume(left, right, count),
        looped(left, right, count, lambda a, b: (a * b).mean(1, True), 1)[:, 0],
    )


@pytest.mark.parametrize('kind', [torch.bfloat16, torch.float16, torch.float32])
def test_types_and_layouts_of_features(kind):
    """Infinite features stay where they are, and are not multiplied by 0."""
    left, right = (view.to(kind) for view in views())
    left[..., 0] = right[..., -1] = torch.inf
    expected = looped(left, right, 4, lambda a, b: torch.cat([a, b], 1), 12)
    layout = dict(memory_format=torch.channels_last)
    for first, second in ((left, right), (left.to(**layout), right.to(**layout))):
        assert torch.equal(concat_volume(first, second, 4), expected)


@pytest.mark.parametrize('count', [3, 9])
def test_gradients(count):
    left, right = (view[:1, :2, :1].requires_grad_() for view in views())
    for volume in (
        lambda a, b: concat_volume(a, b, count),
        lambda a, b: group_correlation_volume(a, b, count, 2),
    ):
        assert torch.autograd.gradcheck(volume, (left, right))


def test_views_of_two_shapes_are_refused():
    left, right = views()
    with pytest.raises(DataError, match='of one shape'):
        concat_volume(left, right[..., 1:], 3)
    with pytest.raises(DataError, match='6 channels cannot be cut into 4'):
        group_correlation_volume(left, right, 3, 4)


def test_the_disparity_is_the_weighted_mean():
    logits = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    shifts = torch.arange(5.0).view(1, 5, 1, 1)
    expected = (logits.softmax(dim=1) * shifts).sum(dim=1)
    torch.testing.assert_close(regress_disparity(logits), expected)
    torch.testing.assert_close(regress_disparity(logits, True), expected[:, None])
    assert regress_disparity(logits.bfloat16()).dtype == torch.float32


def test_each_fine_pixel_is_a_mean_of_its_coarse_neighbours():
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 1, 3, 4, generator=generator)
    shares = torch.rand(1, 9, 6, 8, generator=generator)
    logits = torch.randn(1, 36, 3, 4, generator=generator)
    padded = torch.nn.functional.pad(coarse, (1, 1, 1, 1))[0, 0]
    of_shares, of_logits = torch.zeros(6, 8), torch.zeros(6, 8)
    for y in range(6):
        for x in range(8):
            around = padded[y // 2 : y // 2 + 3, x // 2 : x // 2 + 3].flatten()
            of_shares[y, x] = (around * shares[0, :, y, x]).sum()
            own = logits[0].view(9, 2, 2, 3, 4)[:, y % 2, x % 2, y // 2, x // 2]
            of_logits[y, x] = (around * own.softmax(dim=0)).sum()
    torch.testing.assert_close(context_upsample(coarse, shares, 2)[0, 0], of_shares)
    torch.testing.assert_close(convex_upsample(coarse, logits, 2)[0, 0], of_logits)


def test_lookups_are_those_of_a_resampled_row():
    left, right = (view.float() for view in views(channels=4, width=13))
    corr = row_correlation(left, right)
    torch.testing.assert_close(
        corr, torch.einsum('bchx,bchy->bhxy', left, right) / 4**0.5
    )
    generator = torch.Generator().manual_seed(1)
    places = torch.rand(2, 3, 13, generator=generator) * 20 - 4
    found = RowLookup(row_pyramid(corr, 2), radius=2)(places)
    steps = torch.arange(-2.0, 3.0)
    for level, row in enumerate((corr, (corr[..., 0:12:2] + corr[..., 1:12:2]) / 2)):
        at = places.unsqueeze(-1) / 2**level + steps
        grid = torch.stack([at * 2 / (row.size(-1) - 1) - 1, torch.zeros_like(at)], -1)
        expected = torch.nn.functional.grid_sample(
            row.reshape(-1, 1, 1, row.size(-1)),
            grid.reshape(-1, 1, 5, 2),
            align_corners=True,
        )
        torch.testing.assert_close(
            found[..., level, :], expected.view(2, 3, 13, 5), atol=1e-5, rtol=1e-4
        )


def test_gradients_of_lookups():
    """Where pieces overlap, where they leave the row, and with the places shared."""
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(2, 3, 6, generator=generator, dtype=torch.double)
    places = torch.tensor([[-2.3], [3.4]], dtype=torch.double)

    def looked_up(rows, places):
        levels = row_pyramid(rows[None], 2)
        return RowLookup([level[0] for level in levels], radius=1)(places)

    inputs = rows.requires_grad_(), places.requires_grad_()
    assert torch.autograd.gradcheck(looked_up, inputs)
