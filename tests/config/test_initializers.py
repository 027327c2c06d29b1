import pytest
from torch import nn

from mmlite.config.initializers import (
    advise_initializers,
    check_initializers,
    check_layers,
)
from mmlite.registry import WEIGHT_INITIALIZERS


def said(**init_cfg):
    return [str(p) for p in check_initializers(dict(neck=dict(init_cfg=init_cfg)))]


@pytest.mark.parametrize(
    ('init_cfg', 'message'),
    [
        (dict(type='Constant', val='x'), "ConstantInit cannot take val='x': fill_()"),
        (dict(type='Normal', std=-1), 'NormalInit cannot take std=-1: normal expects'),
        (dict(type='Uniform', a=1, b=0), 'UniformInit cannot take a=1, b=0: uniform_'),
        (dict(type='TruncNormal', a=1, b=0), 'TruncNormalInit cannot take a=1, b=0: '),
        (dict(type='Kaiming', mode='fan'), "KaimingInit cannot take mode='fan': Mode"),
        (dict(type='Kaiming', nonlinearity='x'), "cannot take nonlinearity='x': "),
        (dict(type='Xavier', distribution='x'), "cannot take distribution='x': Assert"),
        (dict(type='Xavier', gain='big'), "XavierInit cannot take gain='big': can't"),
        (
            dict(type='Constant', val=1, bias='x'),
            "bias='x': bias must be a numb",
        ),
    ],
    ids=str,
)
def test_values_with_which_nothing_is_filled(init_cfg, message):
    (found,) = said(**init_cfg, layer='Conv2d')
    assert found.startswith('neck.init_cfg: ') and message in found
    override = dict(init_cfg, name='fc')
    (found,) = said(type='Constant', val=1, layer='Conv2d', override=override)
    assert found.startswith('neck.init_cfg.override: ') and message in found


def test_layers_that_are_no_names():
    (found,) = said(type='Constant', val=1, layer=3)
    assert found == (
        'neck.init_cfg.layer is the name of a class or a list of them, got 3 (int)'
    )


@pytest.mark.parametrize(
    'init_cfg',
    [
        dict(type='Constant', val=1, layer='Linear'),
        dict(type='Caffe2Xavier', layer='Conv2d', bias=0.5),
        dict(type='Pretrained', checkpoint='absent.pth'),
        dict(type='Kaiming', layer=['Conv2d', 'Linear'], mode='fan_in'),
        dict(type='TruncNormal', std=0.02, layer='Linear', bias_prob=0.1),
    ],
    ids=str,
)
def test_what_is_right(init_cfg):
    assert said(**init_cfg) == []


def test_an_initializer_of_ones_own_is_not_tried():
    @WEIGHT_INITIALIZERS.register_module(name='OfATest')
    class OfATest:
        def __init__(self, size: int): ...

        def __call__(self, module):
            raise RuntimeError

    try:
        assert said(type='OfATest', size=3) == []
    finally:
        del WEIGHT_INITIALIZERS.module_dict['OfATest']


def test_names_of_layers():
    class Mine(nn.Conv2d): ...

    model = nn.Sequential(Mine(1, 1, 1))
    names = ['Mine', 'Conv2d', 'Lstm', 'LayerNorm', '_BatchNorm', '_ConvNd', 'Conv3']
    cfg = dict(neck=[dict(init_cfg=[dict(type='Constant', val=1, layer=names)])])
    assert [str(p) for p in check_layers(cfg, model)] == [
        "neck.0.init_cfg.0.layer: names 'Lstm', which is no class of layers; did you "
        "mean 'LSTM'?",
        "neck.0.init_cfg.0.layer: names 'Conv3', which is no class of layers; did you "
        "mean 'Conv3d'?",
    ]
    inside = dict(neck=dict(layer='Nothing', layers=[dict(layer='Nothing')]))
    assert check_layers(inside, model) == []


def test_without_layers_nothing_is_set():
    layer = nn.Linear(2, 2)
    before = layer.weight.clone()
    from mmengine.model import initialize

    initialize(layer, dict(type='Constant', val=7))
    assert layer.weight.equal(before)  # what is advised of is so
    cfg = dict(model=dict(neck=dict(init_cfg=dict(type='Constant', val=7))))
    (advice,) = advise_initializers(cfg)
    assert str(advice) == (
        'model.neck.init_cfg: names no layer, and so sets nothing; add e.g. '
        "layer='Conv2d'"
    )
    for right in (dict(layer='Linear'), dict(override=dict(name='fc'))):
        one = dict(type='Constant', val=7, **right)
        assert not advise_initializers(dict(model=dict(init_cfg=[one])))
