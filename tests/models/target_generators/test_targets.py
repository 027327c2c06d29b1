"""Targets: histograms of gradients, and visual words."""

from __future__ import annotations

import math
from urllib.error import URLError

import pytest
import torch

from mmlite.errors import CheckpointError, DataError
from mmlite.registry import MODELS


def direct_histogram(image, cell, window, bins=9, pool=8):
    """The histogram of one cell of one channel, pixel by pixel."""
    rows, columns = image.shape

    def at(y, x):  # the border is mirrored, without being repeated
        y = -y if y < 0 else 2 * (rows - 1) - y if y >= rows else y
        x = -x if x < 0 else 2 * (columns - 1) - x if x >= columns else x
        return float(image[y, x])

    centre, deviation = (window - 1) / 2, window // 2

    def bell(place):
        return math.exp(-0.5 * ((place % window - centre) / deviation) ** 2)

    total = sum(bell(i) for i in range(window)) ** 2
    votes = [0.0] * bins
    for y in range(cell[0] * pool, (cell[0] + 1) * pool):
        for x in range(cell[1] * pool, (cell[1] + 1) * pool):
            gx = sum(
                w * (at(y + d, x - 1) - at(y + d, x + 1))
                for d, w in ((-1, 1), (0, 2), (1, 1))
            )
            gy = sum(
                w * (at(y - 1, x + d) - at(y + 1, x + d))
                for d, w in ((-1, 1), (0, 2), (1, 1))
            )
            place = math.floor(math.atan2(gx, gy) / math.pi * bins) % bins
            votes[place] += math.hypot(gx, gy) * bell(y) * bell(x) / total
    norm = math.sqrt(sum(v * v for v in votes))
    return torch.tensor([v / norm for v in votes])


def test_histograms_are_those_of_a_direct_formula():
    torch.manual_seed(0)
    image = torch.randn(1, 3, 112, 112)
    hog = MODELS.build(dict(type='HOGGenerator'))
    found = hog.histograms(image)
    for channel, cell in ((0, (0, 0)), (1, (3, 5)), (2, (13, 13))):
        expected = direct_histogram(image[0, channel], cell, window=16)
        torch.testing.assert_close(
            found[0, channel, :, cell[0], cell[1]], expected, atol=1e-4, rtol=1e-4
        )
    # One cell a patch: its 27 values stand in the row of the patch.
    by_patch = hog(image)
    assert by_patch.shape == (1, 196, 27)
    torch.testing.assert_close(by_patch[0, 3 * 14 + 5], found[0, :, :, 3, 5].flatten())


def test_a_flat_image_has_no_direction():
    hog = MODELS.build(dict(type='HOGGenerator'))
    assert not hog(torch.full((1, 3, 112, 112), 7.0)).any()


@pytest.mark.parametrize('shape', [(1, 1, 224, 224), (1, 3, 224, 112), (1, 3, 64, 64)])
def test_images_that_make_no_patches_are_refused(shape):
    with pytest.raises(DataError, match='multiple of 112'):
        MODELS.build(dict(type='HOGGenerator'))(torch.rand(shape))


def quantizer(**changes):
    from mmlite.models.target_generators import NormEMAVectorQuantizer

    args = dict(num_embed=2, embed_dims=2, beta=1.0, kmeans_init=False)
    return NormEMAVectorQuantizer(**{**args, **changes})


def test_a_vector_becomes_the_entry_of_its_direction():
    quantize = quantizer().eval()
    quantize.embedding.weight.data = torch.eye(2)
    z = torch.tensor([[[[9.0, 1.0], [0.0, 0.2]]]], requires_grad=True)
    entries, loss, index = quantize(z)
    assert index.tolist() == [0, 1]
    torch.testing.assert_close(entries[0, 0], torch.eye(2))
    length = math.sqrt(82)
    squared = (9 / length - 1) ** 2 + (1 / length) ** 2
    torch.testing.assert_close(loss, torch.tensor(squared / 4))
    assert torch.equal(quantize.embedding.weight, torch.eye(2))  # not in evaluation
    torch.testing.assert_close(quantize.cluster_size, torch.full((2,), 0.01))


def test_entries_follow_what_they_replaced():
    quantize = quantizer(decay=0.5).train()
    quantize.embedding.weight.data = torch.eye(2)
    quantize(torch.tensor([[[[3.0, 4.0], [4.0, 3.0]]]]))
    # (0.6, 0.8) goes to e2 and (0.8, 0.6) to e1; the mean of e1 and that, of length 1
    moved = torch.tensor([[0.9, 0.3], [0.3, 0.9]]) / math.sqrt(0.9)
    torch.testing.assert_close(quantize.embedding.weight.detach(), moved)


def test_clip_is_read_from_its_checkpoint(tmp_path):
    arch = dict(grid=2, patch_size=8, width=64, layers=2, heads=1, output_dim=4)
    source = MODELS.build(dict(type='CLIPGenerator', arch=arch))
    state = {f'visual.{k}': v for k, v in source.tokenizer.visual.state_dict().items()}
    torch.save(dict(state, text_projection=torch.zeros(3, 4)), tmp_path / 'clip.pth')
    loaded = MODELS.build(
        dict(type='CLIPGenerator', tokenizer_path=str(tmp_path / 'clip.pth'))
    )
    image = torch.rand(1, 3, 16, 16)
    for ours, theirs in zip(loaded(image), source(image), strict=True):
        torch.testing.assert_close(ours, theirs)
    attention = loaded(image)[1]
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(1, 5))
    torch.save(dict(weight=torch.zeros(1)), tmp_path / 'other.pth')
    with pytest.raises(DataError, match=r'visual\.proj'):
        MODELS.build(
            dict(type='CLIPGenerator', tokenizer_path=str(tmp_path / 'other.pth'))
        )


def test_clip_that_cannot_be_downloaded(monkeypatch):
    def fail(*_, **__):
        raise URLError('no network')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fail)
    with pytest.raises(CheckpointError, match='no network.*give the path of the file'):
        MODELS.build(dict(type='CLIPGenerator', tokenizer_path='https://a.b/clip.pt'))
