"""SparK: a network that sees the shown cells alone, and predicts the others."""

from __future__ import annotations

import copy

import pytest
import torch
from contracts.tiny import WHOLES
from torch import nn

from mmlite.errors import ConfigError, DataError
from mmlite.models.layers import (
    SparseBatchNorm2d,
    SparseConv2d,
    SparseLayerNorm2d,
    SparseMaxPool2d,
    SparseSyncBatchNorm2d,
    only_shown,
)
from mmlite.registry import MODELS

CFG = WHOLES['SparK'][0]
# Two images of 2 x 2 cells.
SHOWN = torch.tensor([[1, 0, 0, 1], [0, 1, 0, 0]]).bool().view(2, 1, 2, 2)


def build(**changes):
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(dict(CFG, type='SparK', **changes)))


def larger(cells, times):
    return cells.repeat_interleave(times, 2).repeat_interleave(times, 3)


def maps(side=8, channels=3):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, channels, side, side, generator=generator)


@pytest.mark.parametrize(
    'layer',
    [
        SparseConv2d(3, 3, 3, padding=1),
        SparseMaxPool2d(3, stride=1, padding=1),
        SparseBatchNorm2d(3),
        SparseSyncBatchNorm2d(3),
        SparseLayerNorm2d(3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_hidden_cells_are_zero_and_change_nothing(layer):
    x = maps().masked_fill(~larger(SHOWN, 4), 0)
    noise = x + torch.randn_like(x) * ~larger(SHOWN, 4)
    with only_shown(SHOWN):
        first = layer(x)
        second = layer(noise)
    hidden = ~larger(SHOWN, 4).expand_as(first)
    assert torch.all(first[hidden] == 0) and torch.all(second[hidden] == 0)
    if 'Norm' in type(layer).__name__:
        torch.testing.assert_close(first, second)


def test_a_batch_norm_counts_shown_places_alone():
    norm, x = SparseBatchNorm2d(3, momentum=1.0), maps()
    rows = x.permute(0, 2, 3, 1)[larger(SHOWN, 4).squeeze(1)]  # (places, C)
    with only_shown(SHOWN):
        out = norm(x).permute(0, 2, 3, 1)[larger(SHOWN, 4).squeeze(1)]
    torch.testing.assert_close(norm.running_mean, rows.mean(dim=0))
    torch.testing.assert_close(norm.running_var, rows.var(dim=0))
    expected = (rows - rows.mean(dim=0)) / (rows.var(dim=0, correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(out, expected)


@pytest.mark.parametrize('name', ['SparseResNet', 'SparseConvNeXt'])
def test_whole_images_are_seen_as_by_a_dense_network(name):
    """With all cells shown, and with nothing said of cells."""
    cfg = dict(CFG['backbone'])
    if name == 'SparseConvNeXt':
        arch = dict(depths=[1, 1, 1, 1], channels=[4, 8, 16, 32])
        cfg = dict(arch=arch, gap_before_output=False, use_grn=True)
    backbone = MODELS.build(dict(cfg, type=name, out_indices=(0, 1, 2, 3)))
    images = maps(64)
    outside = backbone(images)
    backbone = backbone.eval()
    with torch.no_grad():
        outside = backbone(images)
        with only_shown(torch.ones(2, 1, 2, 2, dtype=torch.bool)):
            inside = backbone(images)
    for one, other in zip(inside, outside, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('name', ['SparseResNet', 'SparseConvNeXt'])
def test_what_is_seen_depends_on_shown_cells_alone(name):
    cfg = dict(CFG['backbone'])
    if name == 'SparseConvNeXt':
        arch = dict(depths=[1, 1, 1, 1], channels=[4, 8, 16, 32])
        cfg = dict(arch=arch, gap_before_output=False, layer_scale_init_value=1.0)
    backbone = MODELS.build(dict(cfg, type=name, out_indices=(0, 1, 2, 3))).eval()
    images, places = maps(64), larger(SHOWN, 32)
    with torch.no_grad(), only_shown(SHOWN):
        feats = backbone(images.masked_fill(~places, 0))
        changed = images.clone()
        changed[1, :, :32, 32:] += 1  # the shown cell of the second image
        again = backbone(changed.masked_fill(~places, 0))
    for feat, other in zip(feats, again, strict=True):
        side = feat.shape[2] // 2
        hidden = ~larger(SHOWN, side).expand_as(feat)
        assert torch.all(feat[hidden] == 0)
        torch.testing.assert_close(feat[0], other[0])
        assert not torch.equal(feat[1], other[1])


def test_as_many_cells_are_shown_as_stated():
    model = build(input_size=128)
    shown = model.mask(5)
    assert shown.shape == (5, 1, 4, 4)
    assert shown.sum(dim=(1, 2, 3)).tolist() == [round(16 * (1 - 0.6))] * 5


def test_gradients_are_the_same_when_activations_are_computed_again():
    """The second computation has to see the same cells."""
    images, found = maps(64), []
    for with_cp in (False, True):
        model = build(backbone=dict(CFG['backbone'], with_cp=with_cp)).train()
        torch.manual_seed(1)
        model.loss(images, [])['loss'].backward()
        found.append({k: p.grad for k, p in model.named_parameters()})
    for name, grad in found[0].items():
        torch.testing.assert_close(found[1][name], grad)


def test_the_loss_is_that_of_hidden_cells():
    model = build().eval()
    images = maps(64)
    model.mask = lambda batch: SHOWN
    pred = {}
    model.neck.register_forward_hook(lambda m, a, out: pred.update(image=out))
    with torch.no_grad():
        loss = model.loss(images, [])['loss']
    errors = []
    for image in range(2):
        for cell in (0, 1, 2, 3):
            if SHOWN[image].flatten()[cell]:
                continue
            rows = slice(32 * (cell // 2), 32 * (cell // 2) + 32)
            columns = slice(32 * (cell % 2), 32 * (cell % 2) + 32)
            target = images[image, :, rows, columns]
            target = (target - target.mean()) / (target.var() + 1e-6).sqrt()
            found = pred['image'][image, :, rows, columns]
            errors.append((found - target).square().mean())
    torch.testing.assert_close(loss, torch.stack(errors).mean())


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(enc_dec_norm_dim=64), 'gives 32; set model.enc_dec_norm_dim=32'),
        (dict(input_size=70), 'multiple of downsample_raito=32'),
        (dict(mask_ratio=0.9), 'shows 0 of 4 cells'),
        (dict(neck=dict(CFG['neck'], upsample_ratio=24)), 'a power of 2, got 24'),
        (dict(neck=dict(CFG['neck'], kernel_size=3)), 'larger by an even number'),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises((ConfigError, ValueError), match=message):
        build(**changes)


def test_images_of_another_size_are_refused():
    with pytest.raises(DataError, match='64 x 64 pixels, got 96 x 96'):
        build().loss(maps(96), [])
    layer = nn.Sequential(SparseConv2d(3, 3, 1))
    with only_shown(SHOWN), pytest.raises(DataError, match='3 x 3 places cannot show'):
        layer(maps(3))
