import pytest
import torch
from torch import nn

from mmlite.config.layers import check_dimensions
from mmlite.config.models import check_model
from mmlite.registry import MODELS


def checked(**backbone):
    cfg = dict(
        type='ImageClassifier',
        backbone=dict(type='ResNet_CIFAR', depth=18, base_channels=4, **backbone),
    )
    return [str(problem) for problem in check_model(cfg).problems]


@pytest.mark.parametrize(
    ('key', 'kind', 'instead'),
    [
        ('norm_cfg', 'LN', 'LN2d'),
        ('norm_cfg', 'BN1d', 'BN'),
        ('norm_cfg', 'BN3d', 'BN'),
        ('norm_cfg', 'IN1d', 'IN'),
        ('norm_cfg', 'IN3d', 'IN'),
        ('conv_cfg', 'Conv1d', 'Conv2d'),
        ('conv_cfg', 'Conv3d', 'Conv2d'),
    ],
)
def test_layers_that_take_no_feature_maps(key, kind, instead):
    assert checked(**{key: dict(type=kind)}) == [
        f'model.backbone.{key}.type is {kind}, which is not for the feature maps '
        f"(B, C, H, W) that it gets; set type='{instead}'"
    ]


@pytest.mark.parametrize('kind', ['BN', 'LN2d', 'IN', 'SyncBN'])
def test_layers_that_take_them(kind):
    assert checked(norm_cfg=dict(type=kind)) == []


def test_layers_of_tokens_stay():
    cfg = dict(type='VisionTransformer', arch='deit-tiny', norm_cfg=dict(type='LN'))
    model = nn.Module()
    with torch.device('meta'):
        model.backbone = MODELS.build(dict(cfg, img_size=64))
    assert check_dimensions(dict(backbone=cfg), model) == []


def test_a_backbone_that_takes_no_images_is_left_alone():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(4)

        def forward(self, words):
            return self.norm(words['ids'])

    model = nn.Module()
    model.backbone = Odd()
    cfg = dict(backbone=dict(type='Odd', norm_cfg=dict(type='BN1d')))
    assert check_dimensions(cfg, model) == []
    assert not model.backbone.norm._forward_pre_hooks
