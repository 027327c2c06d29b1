"""Configs that inherit by ``with read_base():`` and name classes as ``type``."""

import pytest

from mmlite.config import check_config, load_config
from mmlite.errors import ConfigError

RUNTIME = """
from mmengine.hooks import CheckpointHook, LoggerHook
from mmengine.visualization import LocalVisBackend
from mmpretrain.visualization import UniversalVisualizer

default_hooks = dict(
    logger=dict(type=LoggerHook, interval=100),
    checkpoint=dict(type=CheckpointHook, interval=1),
)
vis_backends = [dict(type=LocalVisBackend)]
visualizer = dict(type=UniversalVisualizer, vis_backends=vis_backends)
randomness = dict(seed=None, deterministic=False)
"""
MODEL = """
from mmengine.model import TruncNormalInit
from mmpretrain.models import (GlobalAveragePooling, ImageClassifier,
                               LinearClsHead, ResNet as Net)

classes = 10
model = dict(
    type=ImageClassifier,
    backbone=dict(
        type=Net, depth=18, init_cfg=[dict(type=TruncNormalInit, layer='Linear')]),
    neck=dict(type=GlobalAveragePooling),
    head=dict(type=LinearClsHead, num_classes=classes, in_channels=512),
)
"""
RECIPE = """
from mmengine.config import read_base

with read_base():
    from .._base_.models.net import *
    from .._base_.runtime import *

from torch.optim import AdamW

model.backbone.update(depth=34)
model.head.num_classes = 7
default_hooks.checkpoint = dict(type=CheckpointHook, max_keep_ckpts=3)
randomness.merge(dict(seed=0))
optim_wrapper_ = dict(optimizer=dict(type=AdamW, lr=1e-3))
"""


@pytest.fixture
def recipe(write):
    """Writes a recipe beside its bases, and gives its path."""
    write('configs/_base_/runtime.py', RUNTIME)
    write('configs/_base_/models/net.py', MODEL)
    return lambda text=RECIPE: write('configs/net/recipe.py', text)


def refused(path):
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


def test_classes_of_absent_packages_are_registered_names(recipe):
    assert load_config(recipe()).to_dict() == dict(
        model=dict(
            type='ImageClassifier',
            backbone=dict(
                type='ResNet',
                depth=34,
                init_cfg=[dict(type='TruncNormal', layer='Linear')],
            ),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=7, in_channels=512),
        ),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=100),
            checkpoint=dict(type='CheckpointHook', max_keep_ckpts=3),
        ),
        vis_backends=[dict(type='LocalVisBackend')],
        visualizer=dict(
            type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]
        ),
        randomness=dict(seed=0, deterministic=False),
        optim_wrapper_=dict(optimizer=dict(type='AdamW', lr=1e-3)),
        classes=10,
    )


def test_it_is_checked_as_any_other(recipe):
    cfg = load_config(recipe(RECIPE.split('optim_wrapper_')[0]))
    assert check_config(cfg) == []
    other = 'from mmcls.models import Nett\nmodel.backbone.type = Nett\n'
    update = 'model.backbone.update'
    wrong = RECIPE.replace(update, other + update)
    problems = [str(p) for p in check_config(load_config(recipe(wrong)))]
    assert any("model.backbone: unknown type 'Nett'" in p for p in problems)


@pytest.mark.parametrize(
    ('block', 'keys'),
    [
        ("if '_base_':\n    from .._base_.models.net import *", {'model', 'classes'}),
        ('with read_base():\n    from .._base_.models.net import model', {'model'}),
        ('with read_base():\n    from .._base_.models.net import model as m', {'m'}),
        (
            'with read_base():\n    from configs._base_.models.net import model',
            {'model'},
        ),
    ],
)
def test_ways_to_import_a_base(recipe, block, keys):
    text = f'from mmengine.config import read_base\n{block}\n'
    assert set(load_config(recipe(text)).to_dict()) == keys


def test_a_variable_is_changed_where_it_is_defined(recipe):
    text = RECIPE.replace('model.head.num_classes = 7\n', '')
    cfg = load_config(recipe(text), ['classes=4'])
    assert cfg.model.head.num_classes == 4


@pytest.mark.parametrize(
    ('block', 'message'),
    [
        (
            'from .._base_.models.nett import *',
            "there is no config '.._base_.models.nett'",
        ),
        ('from .._base_.runtime import modle', "runtime.py defines no 'modle'"),
        ('x = 3', 'with read_base() takes imports of configs only'),
        ('from .recipe import *', '_base_ is circular: '),
    ],
)
def test_a_base_that_cannot_be_read(recipe, block, message):
    text = f'from mmengine.config import read_base\nwith read_base():\n    {block}\n'
    found = refused(recipe(text))
    assert message in found
    assert found.startswith('configs/net/recipe.py')


def test_a_mistake_names_the_file_and_the_line(recipe):
    found = refused(recipe(RECIPE + 'x = 1 / 0\n'))
    assert found.startswith('configs/net/recipe.py:')
    assert 'ZeroDivisionError' in found


def test_old_style_may_import_from_packages_that_are_absent(write):
    text = (
        'from mmpretrain.models import ResNet, build_classifier\n'
        'from math import pi\nmodel = dict(type=ResNet, depth=18)'
    )
    assert load_config(write('c.py', text)).to_dict() == dict(
        model=dict(type='ResNet', depth=18), pi=3.141592653589793
    )
