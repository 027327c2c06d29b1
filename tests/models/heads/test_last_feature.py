"""Heads of one feature after a backbone of another library, which gives a tensor."""

import pytest
import torch

from mmlite.errors import DataError
from mmlite.registry import MODELS
from mmlite.structures import DataSample

TASKS = dict(a=dict(type='LinearClsHead', num_classes=3))


@pytest.mark.parametrize(
    'cfg',
    [
        dict(type='ClsHead'),
        dict(type='LinearClsHead', num_classes=3),
        dict(type='StackedLinearClsHead', num_classes=3, mid_channels=[4]),
        dict(type='VisionTransformerClsHead', num_classes=3),
        dict(type='DeiTClsHead', num_classes=3),
        dict(type='ArcFaceClsHead', num_classes=3),
        dict(type='MultiTaskHead', task_heads=TASKS),
    ],
    ids=lambda cfg: cfg['type'],
)
def test_a_tensor_is_one_feature(cfg):
    width = {} if cfg['type'] == 'ClsHead' else dict(in_channels=6)
    head = MODELS.build({**cfg, **width}).eval()
    feature = torch.rand(5, 6)
    samples = [DataSample().set_gt_label(i % 3) for i in range(5)]
    if cfg['type'] == 'MultiTaskHead':
        samples = [DataSample(a=sample) for sample in samples]
    losses, same = head.loss(feature, samples), head.loss((feature,), samples)
    assert losses.keys() == same.keys()
    torch.testing.assert_close(losses, same)


@pytest.mark.parametrize(
    'shape, advice',
    [
        ((2, 6, 4, 4), "set model.neck=dict(type='GlobalAveragePooling')"),
        ((2, 9, 6), 'let the backbone or the neck give one vector an image'),
        ((6,), 'let the backbone or the neck give one vector an image'),
    ],
)
def test_pooling_is_advised_for_maps_alone(shape, advice):
    head = MODELS.build(dict(type='LinearClsHead', num_classes=3, in_channels=6))
    with pytest.raises(DataError) as caught:
        head((torch.rand(shape),))
    start = f'LinearClsHead expects features (B, 6), got {shape}; '
    assert str(caught.value).startswith(start + advice)
