"""The size of images in a config, and networks for much smaller ones."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmlite.config import input_size_of
from mmlite.config.advice import advice_on
from mmlite.config.encoders import encoder_at
from mmlite.config.image_sizes import size_left_by

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


@pytest.mark.parametrize(
    ('steps', 'size'),
    [
        ([dict(type='CenterCrop', crop_size=(64, 32))], (32, 64)),  # width first
        ([dict(type='RandomCrop', crop_size=(64, 32))], (64, 32)),  # height first
        ([dict(type='RandomResizedCrop', scale=[64, 32])], (64, 32)),
        ([dict(type='Resize', scale=(64, 32))], (32, 64)),
        ([dict(type='Pad', size=(64, 32))], (32, 64)),
        ([dict(type='MAERandomResizedCrop', size=96, scale=(0.2, 1.0))], 96),
        ([dict(type='CenterCrop', crop_size=64), dict(type='ResizeEdge', scale=9)], 64),
        ([dict(type='ResizeEdge', scale=256)], None),
        ([dict(type='NoSuch', crop_size=(64, 32)), lambda r: r], (64, 32)),
        ([dict(type='Resize', scale_factor=2.0)], None),
        ([dict(type='RandomApply', transforms=[dict(CROP, scale=48)])], 48),
        (
            [
                dict(
                    type='MultiView',
                    num_views=[2, 6],
                    transforms=[[dict(CROP, scale=224)], [dict(CROP, scale=96)]],
                )
            ],
            224,
        ),
        (None, None),
    ],
)
def test_the_size_that_a_pipeline_leaves(steps, size):
    assert size_left_by(steps) == size


@pytest.mark.parametrize(
    ('model', 'place'),
    [
        (dict(backbone=SMALL), 'backbone'),
        (dict(image_encoder=[SMALL, USUAL]), 'image_encoder.0'),
        (dict(image_encoder=dict(backbone=SMALL)), 'image_encoder.backbone'),
        (dict(image_encoder=SMALL, backbone=USUAL), 'image_encoder'),
    ],
)
def test_where_the_backbone_stands(model, place):
    assert encoder_at(model) == (place, SMALL)


@pytest.mark.parametrize(
    'model', [None, dict(), dict(backbone=[]), dict(backbone=dict(depth=18))]
)
def test_no_backbone(model):
    assert encoder_at(model) == ('', None)


def test_the_size_that_a_backbone_of_a_retriever_takes():
    backbone = dict(type='VisionTransformer', img_size=[64, 96])
    assert input_size_of(Config(dict(model=dict(image_encoder=[backbone])))) == (64, 96)
