"""Masked image modelling: what is hidden, what is to be predicted, and pictures."""

from __future__ import annotations

import pytest
import torch
from contracts.noise import masked
from contracts.tiny import WHOLES
from mmengine.optim import OptimWrapper

from mmlite.errors import ConfigError, DataError
from mmlite.models.selfsup.masked import masks_of
from mmlite.ops import num_kept, patchify, unpatchify
from mmlite.registry import MODELS
from mmlite.structures import DataSample

ARCH = dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16)


def build(name, **changes):
    torch.manual_seed(0)
    model = MODELS.build(dict(WHOLES[name][0], type=name, **changes))
    model.init_weights()
    return model


@pytest.mark.parametrize('ratio', [0.25, 0.5, 0.6, 0.75, 0.9])
@pytest.mark.parametrize('side', [2, 10, 14])
def test_every_image_loses_its_share_of_patches(side, ratio):
    vit = MODELS.build(dict(type='MAEViT', arch=ARCH, img_size=4 * side, patch_size=4))
    x = torch.arange(side**2).float().view(1, -1, 1).repeat(3, 1, 16)
    kept, mask, restore = vit.random_masking(x, ratio)
    hidden = mask.sum(dim=1)
    assert hidden.unique().numel() == 1
    assert abs(hidden[0] - ratio * side**2) < 1 and kept.shape[1] >= 1
    assert kept.shape[1] + hidden[0] == side**2
    for row in range(3):  # 0 is kept: exactly those numbers are there
        numbers = set(kept[row, :, 0].tolist())
        assert numbers == set((mask[row] == 0).nonzero().flatten().tolist())
        order = torch.cat((kept[row, :, 0], torch.full((int(hidden[0]),), -1.0)))
        shown = order[restore[row]]
        assert torch.equal(shown[mask[row] == 0], x[row, :, 0][mask[row] == 0])


@pytest.mark.parametrize(
    ('length', 'ratio', 'kept'),
    [(196, 0.75, 49), (100, 0.9, 10), (10, 0.9, 1), (4, 0.9, 1), (4, 0.25, 3)],
)
def test_a_product_that_is_whole_is_not_cut(length, ratio, kept):
    assert num_kept(length, ratio) == kept


@pytest.mark.parametrize('ratio', [1, -0.5, 75])
def test_a_ratio_that_hides_all_or_less_than_nothing_is_refused(ratio):
    cfg = dict(type='MAEViT', arch=ARCH, img_size=16, patch_size=4, mask_ratio=ratio)
    with pytest.raises(ConfigError, match='at least 0 and less than 1'):
        MODELS.build(cfg)


def test_pixels_are_normalised_with_the_unbiased_variance():
    head = MODELS.build(
        dict(type='MAEPretrainHead', norm_pix=True, patch_size=2, in_channels=1)
    )
    image = torch.tensor([[[[0.0, 0.0, 5.0, 5.0], [0.0, 4.0, 5.0, 5.0]]]])
    target = head.construct_target(image)
    expected = torch.tensor([[[-0.5, -0.5, -0.5, 1.5], [0.0, 0.0, 0.0, 0.0]]])
    torch.testing.assert_close(target, expected)
    zero, first = torch.zeros(1, 2, 4), torch.tensor([[1.0, 0.0]])
    torch.testing.assert_close(head.loss(zero, image, first), torch.tensor(0.75))
    right = expected + torch.tensor([[[1e3], [0.0]]])
    assert head.loss(right, image, 1 - first) == 0
    # What is predicted can be put back into the image.
    torch.testing.assert_close(head.reconstruct(target, image), image)


@pytest.mark.parametrize('channels', [1, 3, 4])
def test_images_of_other_channels(channels):
    images = torch.rand(2, channels, 32, 24)
    patches = patchify(images, 8)
    assert patches.shape == (2, 12, 64 * channels)
    assert torch.equal(unpatchify(patches, 8, channels, (4, 3)), images)
    window = images[:, :, 8:16, 16:24].permute(0, 2, 3, 1).flatten(1)
    assert torch.equal(patches[:, 1 * 3 + 2], window)
    head = MODELS.build(
        dict(type='MAEPretrainHead', patch_size=8, in_channels=channels)
    )
    loss = head.loss(patches + 1, images, torch.ones(2, 12))
    torch.testing.assert_close(loss, torch.tensor(1.0))


@pytest.mark.parametrize('channels', [1, 4])
@pytest.mark.parametrize('name', ['MAE', 'SimMIM'])
def test_a_training_step_with_other_channels(name, channels):
    cfg = WHOLES[name][0]
    backbone = dict(cfg['backbone'], in_channels=channels)
    neck, head = dict(cfg['neck']), dict(cfg['head'])
    if name == 'MAE':
        neck['in_chans'] = head['in_channels'] = channels
    else:
        neck['out_channels'] = channels
        head['loss'] = dict(head['loss'], channel=channels)
    model = build(name, backbone=backbone, neck=neck, head=head)
    batch = masked()
    batch['inputs'] = batch['inputs'][:, :1].repeat(1, channels, 1, 1)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3))
    assert model.train_step(batch, optimizer)['loss'].isfinite()


def test_a_head_of_other_channels_says_what_to_set():
    images = torch.rand(2, 1, 32, 32)
    cfg = WHOLES['MAE'][0]['backbone']
    model = build('MAE', backbone=dict(cfg, in_channels=1))
    with pytest.raises(DataError, match=r'model\.head\.in_channels=1'):
        model.loss(images, [])


def test_a_pipeline_without_masks_says_what_to_add():
    with pytest.raises(DataError, match='SimMIMMaskGenerator'):
        build('SimMIM').loss(torch.rand(1, 3, 32, 32), [DataSample()])


def test_a_mask_of_another_size_says_what_to_set():
    sample = DataSample(mask=torch.ones(3, 3))
    with pytest.raises(DataError, match='mask generator'):
        build('SimMIM').loss(torch.rand(1, 3, 32, 32), [sample])


def test_the_decoder_of_milan_is_as_wide_as_its_backbone():
    neck = dict(WHOLES['MILAN'][0]['neck'])
    width = neck.pop('embed_dim')
    model = build('MILAN', neck=neck)
    assert model.neck.decoder_embed.in_features == width == 16
    batch = model.data_preprocessor(masked(), training=True)
    assert model(**batch, mode='loss')['loss'].isfinite()


def test_pictures_are_side_by_side():
    model = build('SimMIM', data_preprocessor=dict(mean=[100.0] * 3, std=[50.0] * 3))
    assert model.visual_summary == {}
    batch = masked(size=2)
    data = model.data_preprocessor(batch, training=True)
    model(**data, mode='loss')
    strip = model.visual_summary['image/reconstruction']
    assert strip.shape == (2, 3, 32, 96)
    grey, filled, image = strip.split(32, dim=3)
    torch.testing.assert_close(image, batch['inputs'].float())
    hidden = torch.stack([s.mask for s in batch['data_samples']]).bool()
    hidden = hidden.repeat_interleave(8, 1).repeat_interleave(8, 2)[:, None]
    hidden = hidden.expand_as(image)
    assert torch.all(grey[hidden] == 127.5)
    torch.testing.assert_close(filled[~hidden], image[~hidden])


def test_features_are_those_of_whole_images():
    for name in ('MAE', 'MFF', 'SimMIM', 'MILAN'):
        model = build(name).eval()
        images = torch.rand(2, 3, 32, 32)
        with torch.no_grad():
            first, second = (model.whole_features(images)[0] for _ in range(2))
        torch.testing.assert_close(first, second)


@pytest.mark.parametrize(
    ('old', 'new'), [(11, (15, 15)), (13, (15, 15)), (11, (15, 30)), (14, (61, 61))]
)
def test_positions_are_resized_to_the_grid_that_is_wanted(old, new):
    def vit(grid):
        size = [4 * side for side in grid]
        return MODELS.build(
            dict(type='VisionTransformer', arch=ARCH, img_size=size, patch_size=4)
        )

    source, target = vit((old, old)), vit(new)
    state = source.state_dict()
    columns = torch.arange(old).float().expand(old, old).reshape(1, -1, 1)
    state['pos_embed'][:, 1:] = columns
    first = state['pos_embed'][:, :1].normal_().clone()
    target.load_state_dict(state)
    table = target.pos_embed.detach()
    assert table.shape[1] == 1 + new[0] * new[1]
    assert torch.equal(table[:, :1], first)
    grid = table[0, 1:, 0].view(new)
    torch.testing.assert_close(grid, grid[:1].expand(new), atol=1e-4, rtol=0)
    assert (grid[0].diff() > 0).sum() > new[1] // 2


def test_masks_of_several_sizes_are_named():
    samples = [DataSample(mask=torch.ones(side, 14)) for side in (14, 12, 14)]
    assert masks_of(samples[::2]).shape == (2, 14, 14)
    with pytest.raises(DataError, match=r'one size, got \(12, 14\), \(14, 14\); set'):
        masks_of(samples)
