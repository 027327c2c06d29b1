"""The model that is trained from a checkpoint, where none is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from support import tiny_folders

from mmlite.apis import list_models, new_recipe
from mmlite.apis.recipes.starting import start_of
from mmlite.config import load_config
from mmlite.registry import MODELS

SIMCLR = 'mmlite::_base_/models/simclr_resnet18.py'
#: A narrow network with a stride of its own.
NARROW = dict(base_channels=2, stem_channels=2, strides=(2, 2, 2, 1))


def pretrained(model: dict) -> str:
    """A checkpoint with a config, as a training leaves it, and without weights."""
    text = Config(dict(model=model)).pretty_text
    torch.save(dict(state_dict=dict(a=torch.ones(1)), meta=dict(cfg=text)), 'ssl.pth')
    return 'ssl.pth'


def narrow(kind: str = 'ResNet') -> dict:
    """SimCLR of a narrow network."""
    model = load_config(SIMCLR).model.to_dict()
    model['backbone'].update(NARROW, type=kind, frozen_stages=2)
    model['neck']['in_channels'] = 16
    return model


@pytest.mark.parametrize('side', [24, 130])  # below and above what is small
@pytest.mark.parametrize('name', ['resnet18', 'resnet18_cifar'])
@pytest.mark.parametrize('task', ['classification', 'retrieval'])
def test_the_stem_is_that_of_the_checkpoint_whatever_the_size(task, name, side):
    for number in range(8):
        path = Path('pets', 'ab'[number % 2], f'{number}.png')
        tiny_folders.picture(path, side, side, seed=number)
    model = load_config(f'mmlite::_base_/models/simclr_{name}.py').model.to_dict()
    recipe = new_recipe('pets', task=task, pretrained=pretrained(model))
    prefix = 'arcface_' if task == 'retrieval' else ''
    assert recipe.name == f'pets_{prefix}{name}.py'


def test_a_network_of_ones_own_width_is_written_into_the_recipe():
    tiny_folders.class_folders(Path('pets'))
    for task in ('classification', 'retrieval', 'selfsup'):
        cfg = load_config(
            new_recipe('pets', task=task, pretrained=pretrained(narrow()))
        )
        encoder = cfg.model.get('image_encoder', [cfg.model.get('backbone')])[0]
        assert {key: encoder[key] for key in NARROW} == NARROW
        assert 'frozen_stages' not in encoder
        if task == 'retrieval':
            cfg.model.prototype = torch.zeros(1, 16)
        with torch.device('meta'):
            model = MODELS.build(cfg.model)
        assert next(model.parameters()).shape == (2, 3, 7, 7)


def test_a_masked_autoencoder_becomes_a_vision_transformer():
    tiny_folders.class_folders(Path('pets'))
    model = load_config('mmlite::_base_/models/mae_vit-tiny-p8.py').model.to_dict()
    cfg = load_config(new_recipe('pets', pretrained=pretrained(model)))
    backbone = cfg.model.backbone
    assert (backbone.type, backbone.img_size) == ('VisionTransformer', 32)
    assert backbone.arch == model['backbone']['arch']
    assert cfg.model.head.in_channels == 96


def test_published_weights_go_with_their_model():
    assert 'resnet50_8xb32_in1k' in list_models(pretrained=True)
    assert start_of('classification', 'resnet50_8xb32_in1k').model == 'resnet50'


def test_a_model_that_is_named_is_taken(capsys):
    tiny_folders.class_folders(Path('pets'))
    recipe = new_recipe('pets', model='resnet18', pretrained=pretrained(narrow()))
    assert 'backbone' not in recipe.read_text()
    assert 'which has the backbone' not in capsys.readouterr().out


@pytest.mark.parametrize(
    'model', [dict(type='GaitBase'), dict(type='SimCLR', backbone=dict(type='NoSuch'))]
)
def test_where_no_model_has_such_a_backbone_the_size_decides(model):
    tiny_folders.class_folders(Path('pets'))
    recipe = new_recipe('pets', pretrained=pretrained(model))
    assert recipe.name == 'pets_resnet18_cifar.py'


def test_a_checkpoint_without_a_config_says_nothing_of_the_model():
    torch.save(dict(state_dict=dict(a=torch.ones(1))), 'bare.pth')
    assert start_of('classification', 'bare.pth') is None
