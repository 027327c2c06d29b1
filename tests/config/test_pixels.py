"""A mean and a standard deviation for pixels of 0 to 1."""

from __future__ import annotations

import pytest
from mmengine.config import Config
from support.runs import ROOT

from mmlite.config import load_config
from mmlite.config.advice import advice_on
from mmlite.registry import TRANSFORMS

OF_TORCHVISION = dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
IDENTITY = dict(mean=[0.0, 0.0, 0.0], std=[1.0, 1.0, 1.0])
LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='PackInputs')
ALBU = 'Albumentations'


class OwnStep:
    """It may do anything."""


def advised(section, *steps, in_model=False, kind='CustomDataset'):
    """What is said of a normalisation behind a pipeline."""
    dataset = dict(type=kind, pipeline=[LOAD, *steps, PACK])
    where = dict(data_preprocessor=section)
    cfg = dict(model=where) if in_model else where
    loader = dict(dataset=dict(type='RepeatDataset', times=2, dataset=dataset))
    said = advice_on(Config(dict(cfg, train_dataloader=loader)))
    return [str(each) for each in said if 'times 255' in str(each)]


@pytest.mark.parametrize('in_model', [False, True])
@pytest.mark.parametrize(
    'steps',
    [
        [],
        [dict(type='RandomFlip', prob=0.5), dict(type='ToTensor', keys=['gt_label'])],
        [dict(type='torchvision/RandomRotation', degrees=9)],
        [dict(type=ALBU, transforms=[dict(type='HorizontalFlip')])],
        [dict(LOAD, to_float32=True)],
    ],
    ids=['none', 'ours', 'torchvision', 'albumentations', 'float'],
)
def test_values_of_torchvision_are_warned_of(steps, in_model):
    """The values of 0 to 255 are those of configs/_base_/datasets/imagenet_bs32.py."""
    (said,) = advised(OF_TORCHVISION, *steps, in_model=in_model)
    path = 'model.data_preprocessor' if in_model else 'data_preprocessor'
    assert said.startswith(f'{path}.mean is [0.485, 0.456, 0.406], and std [0.229,')
    assert 'pixels are 0 to 255' in said
    wanted = load_config(ROOT / 'configs/resnet/resnet18_8xb32_in1k.py')
    wanted = wanted.data_preprocessor
    assert f'mean={wanted.mean}, std=[58.395, 57.12, 57.375]' in said
    assert wanted.std == [58.395, 57.12, 57.375]


@pytest.mark.parametrize(
    'section',
    [
        dict(mean=[0.1307], std=[0.3081]),
        dict(mean=[0.0] * 3, std=[0.5] * 3),
        dict(mean=[0.5] * 3, std=[1.0] * 3),
        dict(OF_TORCHVISION, type='DetDataPreprocessor'),
    ],
)
def test_other_values_of_that_range_are_too(section):
    assert len(advised(section)) == 1


def test_so_is_the_second_view():
    both = dict(type='TwoNormDataPreprocessor', mean=[127.5], std=[127.5])
    (said,) = advised(dict(both, second_mean=[0.5], second_std=[0.5]))
    assert 'second_mean=[127.5], second_std=[127.5]' in said


@pytest.mark.parametrize(
    'section',
    [
        IDENTITY,
        dict(mean=[0, 0, 0], std=[255, 255, 255]),
        dict(mean=[103.53, 116.28, 123.675], std=[1.0, 1.0, 1.0]),
        dict(mean=None, std=None),
        dict(to_rgb=True),
        dict(OF_TORCHVISION, type=OwnStep),
    ],
)
def test_values_for_0_to_255_are_not(section):
    assert not advised(section)


@pytest.mark.parametrize(
    'step',
    [
        dict(type='torchvision/ToTensor'),
        dict(type='Normalize', **OF_TORCHVISION),
        dict(type=ALBU, transforms=[dict(type='ToFloat', max_value=255)]),
        dict(type='MultiView', num_views=2, transforms=[[dict(type=OwnStep)]]),
        dict(LOAD, color_type='unchanged'),
        TRANSFORMS.build(dict(type='Normalize', **OF_TORCHVISION)),
        OwnStep(),
    ],
)
def test_pipelines_that_may_bring_pixels_to_0_to_1(step):
    assert not advised(OF_TORCHVISION, step)


def test_a_dataset_without_a_pipeline():
    loader = dict(dataset=dict(type='Digits'))
    cfg = Config(dict(train_dataloader=loader, data_preprocessor=OF_TORCHVISION))
    assert any('times 255' in str(each) for each in advice_on(cfg))


def test_data_of_which_nothing_is_known():
    assert not advised(OF_TORCHVISION, kind=OwnStep)
    assert not advice_on(Config(dict(data_preprocessor=OF_TORCHVISION)))
