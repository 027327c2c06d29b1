"""Networks for small images, on images that are much larger."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmlite.config.advice import advice_on

SMALL, USUAL = dict(type='ResNet_CIFAR', depth=18), dict(type='ResNet', depth=18)
CROP = dict(type='RandomResizedCrop')
LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='PackInputs')


def advised(model, *steps, wrapped=False):
    """The places in a config that a warning is about."""
    dataset = dict(type='CustomDataset', pipeline=[LOAD, *steps, PACK])
    if wrapped:
        dataset = dict(type='RepeatDataset', times=2, dataset=dataset)
    cfg = Config(dict(model=model, train_dataloader=dict(dataset=dataset)))
    return [str(each) for each in advice_on(cfg) if 'px' in str(each)]


@pytest.mark.parametrize(
    ('model', 'place'),
    [
        (dict(backbone=SMALL), 'model.backbone.type'),
        (dict(image_encoder=[SMALL, dict(type='GlobalAveragePooling')]), 'image_enc'),
    ],
)
@pytest.mark.parametrize('wrapped', [False, True])
def test_a_stem_for_small_images_at_224_px_is_warned_of(model, place, wrapped):
    (said,) = advised(model, dict(CROP, scale=224), wrapped=wrapped)
    assert place in said and 'ResNet_CIFAR' in said and '224 px' in said
    views = dict(type='MultiView', num_views=2, transforms=[[dict(CROP, scale=128)]])
    (said,) = advised(model, views)
    assert '128 px' in said


@pytest.mark.parametrize(
    ('backbone', 'steps'),
    [
        (SMALL, [dict(CROP, scale=96)]),
        (SMALL, [dict(type='Resize', scale=(256, 256)), dict(CROP, scale=32)]),
        (SMALL, []),  # as the dataset has them, which is not read
        (USUAL, [dict(CROP, scale=224)]),
        (dict(type='NoSuch'), [dict(CROP, scale=224)]),
    ],
)
def test_what_fits_is_not(backbone, steps):
    assert not advised(dict(backbone=backbone), *steps)
