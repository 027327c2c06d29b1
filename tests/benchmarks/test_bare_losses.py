"""The bare loops of the families minimise what mmlite's models minimise."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from mmlite.registry import MODELS
from mmlite.structures import DataSample

FAMILIES = [
    'arcface',
    'gaitbase',
    *(
        pytest.param(name, marks=pytest.mark.slow)  # deep networks
        for name in ('moco', 'retinanet', 'faster_rcnn', 'psmnet')
    ),
]


def built(cfg: dict) -> nn.Module:
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    model.init_weights()
    return model.train()


def assert_same(model, data, loss, batch):
    """Of two batches: a queue, an average and batch norms have moved by the second."""
    data = model.data_preprocessor(data, training=True)
    for step in range(2):
        torch.manual_seed(step)
        ours, _ = model.parse_losses(model(**data, mode='loss'))
        torch.manual_seed(step)
        bare = loss(*batch)
        assert ours.requires_grad and bare.requires_grad
        torch.testing.assert_close(bare, ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('name', FAMILIES)
def test_the_loss_of_a_family(name, session):
    import families

    of_detector = name in ('retinanet', 'faster_rcnn')
    make = families.detector if of_detector else getattr(families, name)
    family = make(session, name) if of_detector else make(session)
    model = built(family.model)
    loss = family.loss(copy.deepcopy(model))
    assert_same(model, family.data(), loss, family.batch)


@pytest.mark.slow
def test_the_loss_of_byol(find_benchmarks):
    import bare_losses

    neck = dict(type='MoCoV2Neck', hid_channels=8, out_channels=4, with_avg_pool=False)
    cosine = dict(type='CosineSimilarityLoss')
    head = dict(
        type='LatentPredictHead', loss=cosine, predictor=dict(neck, in_channels=4)
    )
    model = built(
        dict(
            type='BYOL',
            backbone=dict(
                type='ResNet_CIFAR', depth=18, stem_channels=2, base_channels=2
            ),
            neck=dict(neck, in_channels=16, with_avg_pool=True),
            head=head,
            data_preprocessor=dict(mean=[127.5] * 3, std=[64.0] * 3),
        )
    )
    views = torch.randint(256, (2, 4, 3, 8, 8)).byte()
    data = dict(inputs=list(views), data_samples=[DataSample() for _ in range(4)])
    assert_same(model, data, bare_losses.byol(copy.deepcopy(model)), views)


@pytest.fixture
def mae_model(session):
    import mae

    return built(mae._model(session))


def mae_batch() -> torch.Tensor:
    return torch.randint(256, (3, 3, 32, 32)).byte()


def mae_data(images: torch.Tensor) -> dict:
    return dict(inputs=images, data_samples=[DataSample() for _ in images])


def test_the_loss_of_mae(mae_model):
    import bare_losses

    images = mae_batch()
    loss = bare_losses.mae(copy.deepcopy(mae_model))
    assert_same(mae_model, mae_data(images), loss, (images,))


def test_mae_of_blocks_of_another_library(mae_model):
    """With the blocks and weights of mmlite, it is the model of mmlite."""
    import mae

    encoder, decoder = mae_model.backbone, mae_model.neck
    blocks = iter([*encoder.layers, *decoder.decoder_blocks])
    plain = mae.PlainMAE(
        lambda width, heads: next(blocks), 16, 1, 2, decoder=(16, 1, 2), side=32
    )
    plain.embed = encoder.patch_embed.projection
    plain.cls_token, plain.mask_token = encoder.cls_token, decoder.mask_token
    plain.norm, plain.decoder[-1] = encoder.ln1, decoder.decoder_norm
    plain.to_decoder, plain.to_pixels = decoder.decoder_embed, decoder.decoder_pred
    plain.places = encoder.pos_embed.data
    plain.decoder_places = decoder.decoder_pos_embed.data
    count = sum(p.numel() for p in mae_model.parameters() if p.requires_grad)
    assert sum(p.numel() for p in plain.parameters()) == count
    images = mae_batch()
    loss = mae.plain_loss(plain, mae_model)
    assert_same(mae_model, mae_data(images), loss, (images,))


def test_pixels_that_are_hidden_count(find_benchmarks):
    import bare_losses

    images = torch.rand(2, 3, 4, 8)
    predicted, hidden = torch.rand(2, 8, 12), (torch.rand(2, 8) < 0.5).float()
    hidden[0, 0] = 1
    errors = []
    for image, own, where in zip(images, predicted, hidden, strict=True):
        for place in where.nonzero().flatten().tolist():
            row, column = divmod(place, 4)
            patch = image[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            pixels = patch.permute(1, 2, 0).flatten()
            target = (pixels - pixels.mean()) / (pixels.var() + 1e-6).sqrt()
            errors.append((own[place] - target).square().mean())
    found = bare_losses.hidden_pixels(predicted, images, hidden, 2)
    torch.testing.assert_close(found, torch.stack(errors).mean())
