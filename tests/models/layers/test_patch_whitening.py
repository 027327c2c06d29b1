from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmlite.models.layers import PatchWhitening
from mmlite.models.layers.patch_whitening import patch_moments, whitening_filters


def correlated_images(count: int, channels: int = 3) -> torch.Tensor:
    """Blurred noise, whose neighbouring pixels are alike."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(count, channels, 12, 10, generator=generator)
    return F.avg_pool2d(images, 3, stride=1, padding=1) + 0.3 * images[:, :1]


@pytest.mark.parametrize(('channels', 'kernel_size'), [(3, 2), (1, 3), (2, 1)])
def test_the_outputs_have_the_identity_as_second_moment(channels, kernel_size):
    images = correlated_images(300, channels)  # more than are unfolded at once
    layer = PatchWhitening(channels, kernel_size, eps=0.0)
    layer.init_from_images(images)
    size = channels * kernel_size**2
    out = layer(images).detach()
    assert out.shape == (300, 2 * size, 13 - kernel_size, 11 - kernel_size)
    rows = out[:, :size].transpose(0, 1).flatten(1).double()
    moments = rows @ rows.T / rows.size(1)
    torch.testing.assert_close(moments, torch.eye(size).double(), atol=1e-3, rtol=0)


def test_the_other_half_is_the_negative():
    layer = PatchWhitening(3)
    for images in (None, correlated_images(8)):
        if images is not None:
            layer.init_from_images(images)
        first, second = layer.weight.chunk(2)
        assert torch.equal(first, -second)


def test_moments_are_those_of_a_loop():
    images = correlated_images(2, channels=2)
    patches = [
        image[:, y : y + 2, x : x + 2].flatten()
        for image in images
        for y in range(11)
        for x in range(9)
    ]
    expected = sum(torch.outer(p, p) for p in patches) / len(patches)
    torch.testing.assert_close(patch_moments(images, 2), expected.double())


def test_eps_dampens_faint_components():
    filters = whitening_filters(torch.diag(torch.tensor([1.0, 1e-8])), eps=1e-4)
    norms = filters.norm(dim=1)
    assert norms.tolist() == pytest.approx([1.0001**-0.5, 1.0001e-4**-0.5], rel=1e-3)


def test_only_the_bias_is_learned_and_all_is_saved():
    layer = PatchWhitening(3)
    assert [name for name, _ in layer.named_parameters()] == ['bias']
    layer.init_from_images(correlated_images(8))
    other = PatchWhitening(3)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other.weight, layer.weight)
    layer(correlated_images(2)).sum().backward()
    assert layer.bias.grad is not None


def test_the_memory_format_is_kept():
    layer = nn.Sequential(PatchWhitening(3)).to(memory_format=torch.channels_last)[0]
    layer.init_from_images(correlated_images(8))
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)


def test_wrong_arguments_and_images():
    with pytest.raises(ValueError, match='kernel_size must be at least 1'):
        PatchWhitening(3, kernel_size=0)
    with pytest.raises(ValueError, match=r'expects images \(B, 3, H, W\), got'):
        PatchWhitening(3).init_from_images(torch.zeros(2, 1, 8, 8))
