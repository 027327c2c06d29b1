"""What a user gets wrong about a detector, and the line that says so."""

from __future__ import annotations

import copy

import pytest
import torch
from contracts.tiny import WHOLES
from torch import nn

from mmlite.errors import ConfigError, DataError
from mmlite.registry import MODELS

MULTI_MAP = dict(
    type='SSDMultiMapExtractor',
    backbone=dict(type='ResNet', depth=18),
    extra_channels=(),
)
ONE_BACKBONE = dict(type='ClassifierRCNNExtractor', cut='0')


def build(name, path='', value=None):
    """With one entry changed, e.g. that of ``rpn_head.in_channels``."""
    cfg = copy.deepcopy(WHOLES[name][0])
    *parents, last = path.split('.')
    part = cfg
    for key in parents:
        part = part.setdefault(key, {})
    if path:
        part[last] = value
    torch.manual_seed(0)
    return MODELS.build(dict(cfg, type=name))


MISTAKES = [
    (
        *('FasterRCNN', 'feature_extractor', MULTI_MAP),
        'feature_extractor.*has no extract_proposal_features.*e.g. FPNExtractor',
    ),
    (
        *('FasterRCNN', 'feature_extractor', dict(ONE_BACKBONE, backbone=nn.ReLU())),
        r'backbone.*ReLU has no split\(at\)',
    ),
    ('FasterRCNN', 'rpn_head.in_channels', 7, r'in_channels.* is 7, but .*gives 8'),
    ('FasterRCNN', 'roi_head', None, 'needs a roi_head; set model.roi_head'),
    ('FasterRCNN', 'number_of_stages', 3, 'number_of_stages must be 1 or 2, got 3'),
    (
        *('FasterRCNN', 'roi_head.bbox_head.num_classes', 9),
        r'roi_head\.bbox_head\.num_classes.* is 9, but .*gives 3; leave it out',
    ),
    (
        *('FasterRCNN', 'rpn_head.anchor_generator.sizes', [[8], [16, 32]]),
        'all maps share the convolutions of RPNHead.*got',
    ),
    (
        *('FasterRCNN', 'rpn_head.anchor_generator.strides', [8, 32]),
        r'rpn_head\.anchor_generator\.strides is \[8, 32\], but .* \[8, 16\]; leave it',
    ),
    (
        *('RetinaNet', 'bbox_head.anchor_generator.strides', [4, 16]),
        r'bbox_head\.anchor_generator\.strides is \[4, 16\], but .* \[8, 16\]; leave',
    ),
    ('SSD', 'bbox_head.num_classes', 9, 'is 9, but model.num_classes is 3'),
    ('RetinaNet', 'bbox_head.in_channels', 7, r'is 7, but .* extractor gives \[8, 8\]'),
    (
        *('RetinaNet', 'bbox_head.anchor_generator.sizes', [[8], [16], [32]]),
        'has anchors for 3 feature maps, but the feature extractor gives 2',
    ),
    (
        *('RetinaNet', 'bbox_head.anchor_generator.sizes', [[8], [16, 32]]),
        'all maps share the convolutions of RetinaHead.*got',
    ),
    ('SSD', 'bbox_head.normalizer', 'anchor', "normalizer must be .*got 'anchor'"),
    (
        *('SSD', 'bbox_head.bbox_coder', dict(type='BoxCoder', weights=(1, 2))),
        'bbox_coder.*four positive numbers',
    ),
    (
        *('SSD', 'image_resizer'),
        dict(type='KeepAspectRatioResizer', min_dimension=9, max_dimension=5),
        'image_resizer.*min_dimension=9 is at most max_dimension=5',
    ),
]


@pytest.mark.parametrize(
    ('name', 'path', 'value', 'message'),
    MISTAKES,
    ids=[f'{name}-{path}' for name, path, *_ in MISTAKES],
)
def test_mistakes_of_a_config(name, path, value, message):
    with pytest.raises(ConfigError, match=message) as caught:
        build(name, path, value)
    assert len(str(caught.value).splitlines()) == 1


def ready(model):
    return model.preprocess(torch.rand(1, 3, 64, 64))


@pytest.mark.parametrize('name', ['FasterRCNN', 'RetinaNet'])
def test_a_loss_without_ground_truth(name):
    model = build(name).train()
    images, shapes = ready(model)
    with pytest.raises(RuntimeError, match='call provide_groundtruth'):
        model.loss(model.predict(images, shapes), shapes)
    with pytest.raises(RuntimeError, match='no weights; call provide_groundtruth'):
        model.groundtruth_lists('weights')
    with pytest.raises(DataError, match='learns from samples with gt_bboxes; got none'):
        model(images, [], mode='loss')


def test_proposals_that_the_ground_truth_did_not_draw():
    model = build('FasterRCNN').eval()
    images, shapes = ready(model)
    found = model.predict(images, shapes)
    model.provide_groundtruth(
        [torch.tensor([[0.1, 0.1, 0.5, 0.5]])], [torch.eye(3)[:1]]
    )
    with pytest.raises(RuntimeError, match='provide_groundtruth before predict'):
        model.loss(found, shapes)


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        (torch.ones(1, 3), 'each row of the classes has one 1'),
        (torch.tensor([1]), r'one row for each of the 1 boxes, \(N, K\), got \(1,\)'),
    ],
)
def test_classes_that_are_not_one_hot(classes, message):
    with pytest.raises(DataError, match=message):
        build('SSD').provide_groundtruth([torch.rand(1, 4)], [classes])
