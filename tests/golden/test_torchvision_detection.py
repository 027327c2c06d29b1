"""Detectors give what torchvision's give with the same weights.

``torchvision_detection/*.json`` hold names and shapes of torchvision's weights, and a
few values of what it gives; weights and images are made by the rules in ``rules.py``,
image ``i`` from ``PCG64(crc32('image/i'))``, boxes likewise. Its class 0, which is the
background, is left out of the comparison where it has no use here.
"""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.rules import fill
from mmengine.config import Config
from torch import nn
from torch.nn import functional as F

from mmlite.registry import MODELS
from mmlite.structures import DataSample
from mmlite.structures.key_maps import convert_keys

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / 'torchvision_detection'
SMALL = ('faster_rcnn_mobilenet_v3_fpn', 'ssdlite320_mobilenet_v3')
NAMES = [
    pytest.param(path.stem, marks=[] if path.stem in SMALL else pytest.mark.slow)
    for path in sorted(FOLDER.glob('*.json'))
]
CLASSES = 91
TOLERANCE = 1e-4

# Published numbers of parameters, and those of the background that is not kept here.
PUBLISHED = {
    'faster_rcnn_r50_fpn_v2': (43_712_278, 4 * 1025),
    'retinanet_r50_fpn_v2': (38_198_935, 9 * 2305),
    'ssd300_vgg16': (35_641_826, 0),
    'ssdlite320_mobilenet_v3': (3_440_060, 0),
    # Without the norms of ResNet-50, which are frozen.
    'faster_rcnn_r50_fpn': (41_755_286, 4 * 1025 - 53_120),
    'retinanet_r50_fpn': (34_014_999, 9 * 2305 - 53_120),
    # The same of MobileNetV3.
    'faster_rcnn_mobilenet_v3_fpn': (19_386_354, 4 * 1025 - 24_400),
}


def config(name):
    return Config.fromfile(ROOT / 'configs' / '_base_' / 'models' / f'{name}.py').model


def generator(text):
    return np.random.Generator(np.random.PCG64(zlib.crc32(text.encode())))


def weights_of(golden):
    state = {}
    for name, shape in golden['state'].items():
        empty = torch.zeros([int(n) for n in shape.split(',')])
        constant = golden['constants'].get(name)
        state[name] = (
            fill(name, empty) if constant is None else torch.full_like(empty, constant)
        )
    return state


def build(name):
    """The model with the settings of the recording, and torchvision's weights."""
    golden = json.loads((FOLDER / f'{name}.json').read_text())
    cfg = config(name)
    backbone = cfg.feature_extractor.backbone
    if 'norm_cfg' in backbone:  # recorded with norms of the usual eps that learn
        backbone.norm_cfg = dict(type='BN', eps=1e-5)
        backbone.frozen_stages = -1
    if cfg.type == 'FasterRCNN':
        few = dict(nms_pre=300, max_per_img=80)
        cfg.rpn_head.update(train_cfg=few, test_cfg=few)
        everything = dict(type='BalancedSampler', batch_size=10**9)
        cfg.rpn_head.sampler = everything
        cfg.roi_head.sampler = dict(everything, positive_fraction=0.25)
    model = MODELS.build(cfg)
    state, _ = convert_keys(weights_of(golden), golden['key_map'])
    missing = model.load_state_dict(state, strict=False)
    assert missing.unexpected_keys == []
    assert all(k.endswith('num_batches_tracked') for k in missing.missing_keys)
    return model.eval(), golden


def images_of(model, golden):
    pre = model.data_preprocessor
    found = []
    for i, (height, width) in enumerate(golden['sizes']):
        image = generator(f'image/{i}').random((3, height, width))
        found.append((torch.from_numpy(image).float() * 255 - pre.mean) / pre.std)
    return found


def assert_is(found, summary, columns=1, background=0):
    """``columns`` there stand for an anchor, the first ``background`` not here."""
    index = torch.tensor(summary['probe_index'])
    expected = torch.tensor(summary['probe'], dtype=torch.float64)
    here = index % columns >= background
    rows, places = index[here] // columns, index[here] % columns - background
    found = found.detach().double().reshape(-1, columns - background)
    assert found.size(0) * columns == np.prod(summary['shape'])
    scale = max(summary['std'], summary['abs_mean'])
    apart = (found[rows, places] - expected[here]).abs().max().item()
    assert apart < TOLERANCE * scale


def boxes_by_rule(name, count, width, height, smallest, largest):
    rng = generator(name)
    x, y = rng.random(count) * width, rng.random(count) * height
    w, h = (smallest + (largest - smallest) * rng.random(count) for _ in range(2))
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)
    boxes = boxes.clip(0, [width, height, width, height]).round(2)
    return torch.from_numpy(boxes).float()


@pytest.mark.parametrize('name', NAMES)
def test_features_and_raw_predictions(name):
    model, golden = build(name)
    expected = golden['outputs']
    with torch.no_grad():
        images, shapes = model.preprocess(images_of(model, golden))
        found = model.predict(images, shapes)
    two_stages = 'rpn_features_to_crop' in found
    feats = found['rpn_features_to_crop' if two_stages else 'feature_maps']
    for feat, summary in zip(feats, expected['features'].values(), strict=True):
        assert_is(feat, summary)
    assert_is(torch.cat(found['anchors']), expected['anchors'])
    if not two_stages:
        logits = found['class_predictions_with_background']
        background = CLASSES - logits.size(-1)
        assert_is(logits, expected['head']['cls_logits'], CLASSES, background)
        assert_is(found['box_encodings'], expected['head']['bbox_regression'])
        return
    for kind, maps in expected.get('rpn', {}).items():
        here = found['rpn_box_encodings']
        if kind == 'objectness':
            here = found['rpn_objectness_predictions_with_background'][..., 1:]
        start, width = 0, here.size(-1)
        for summary in maps:
            b, channels, h, w = summary['shape']
            count = channels // width * h * w
            own = here[:, start : start + count].reshape(b, h, w, channels)
            assert_is(own.permute(0, 3, 1, 2), summary)
            start += count
    if 'fixed_boxes' in expected:
        assert_second_stage(model, feats, images, expected['fixed_boxes'], golden)


@torch.no_grad()
def assert_second_stage(model, feats, images, expected, golden):
    boxes = [
        boxes_by_rule(f'fixed/{i}', 6, w, h, 20, 120)
        for i, (h, w) in enumerate(golden['sizes'])
    ]
    size = tuple(images.shape[-2:])
    logits, deltas = model.roi_head(model.roi_head.roi_extractor(feats, boxes, size))
    assert_is(logits, expected['class_logits'], CLASSES)
    assert_is(deltas, expected['box_regression'], 4 * CLASSES, 4)


@pytest.mark.parametrize('name', NAMES)
def test_losses(name):
    model, golden = build(name)
    model.train()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.Dropout)):
            module.eval()
    targets = golden['targets']
    samples = [
        DataSample(
            gt_bboxes=torch.tensor(boxes),
            gt_bboxes_labels=torch.tensor(labels) - 1,
            metainfo=dict(img_shape=tuple(size)),
        )
        for boxes, labels, size in zip(
            targets['boxes'], targets['labels'], golden['sizes'], strict=True
        )
    ]
    images = images_of(model, golden)
    height, width = (max(s[i] for s in golden['sizes']) for i in (0, 1))
    batch = [F.pad(x, (0, width - x.size(2), 0, height - x.size(1))) for x in images]
    losses = model(torch.stack(batch), samples, mode='loss')
    names = dict(
        loss_cls=('classification', 'loss_classifier'),
        loss_bbox=('bbox_regression', 'loss_box_reg'),
        loss_rpn_cls=('loss_objectness',),
        loss_rpn_bbox=('loss_rpn_box_reg',),
    )
    for ours, value in losses.items():
        (theirs,) = (n for n in names[ours] if n in golden['losses'])
        assert value.item() == pytest.approx(golden['losses'][theirs], rel=1e-3)


@pytest.mark.parametrize('name', PUBLISHED)
def test_numbers_of_parameters_are_those_published(name):
    published, less = PUBLISHED[name]
    with torch.device('meta'):
        model = MODELS.build(config(name))
    assert sum(p.numel() for p in model.parameters()) == published - less


def test_published_names_of_weights_load_too():
    """The files on torchvision's server have the names of its first versions."""
    old = {
        'backbone.fpn.inner_blocks.2.weight': 'neck.lateral_convs.2.conv.weight',
        'backbone.fpn.layer_blocks.0.bias': 'neck.fpn_convs.0.conv.bias',
    }
    state = dict.fromkeys(old, torch.zeros(4))
    found, _ = convert_keys(state, 'torchvision_fasterrcnn')
    assert list(found) == [f'feature_extractor.{name}' for name in old.values()]
    state = {'rpn.head.conv.weight': torch.zeros(4)}
    found, _ = convert_keys(state, 'torchvision_fasterrcnn')
    assert list(found) == ['rpn_head.rpn_convs.0.conv.weight']
    names = [f'head.classification_head.conv.{2 * i}.bias' for i in range(4)]
    found, _ = convert_keys(
        dict.fromkeys(names, torch.zeros(1)), 'torchvision_retinanet'
    )
    assert list(found) == [f'bbox_head.cls_convs.{i}.conv.bias' for i in range(4)]


def as_published(name):
    """The name that a weight had in torchvision's first versions."""
    name = re.sub(r'(fpn\.(?:inner|layer)_blocks\.\d+)\.0\.', r'\1.', name)
    name = re.sub(r'^rpn\.head\.conv\.0\.0\.', 'rpn.head.conv.', name)
    return re.sub(
        r'(_head\.conv)\.(\d+)\.0\.', lambda m: f'{m[1]}.{2 * int(m[2])}.', name
    )


@pytest.mark.parametrize('name', [p.stem for p in sorted(FOLDER.glob('*.json'))])
def test_old_and_new_names_lead_to_the_same_weights(name):
    """All names of today's torchvision, and of the files on its server (v1)."""
    golden = json.loads((FOLDER / f'{name}.json').read_text())
    today = {
        key: torch.empty([int(n) for n in shape.split(',')], device='meta')
        for key, shape in golden['state'].items()
    }
    with torch.device('meta'):
        model = MODELS.build(config(name))
    wanted = {
        key: value.shape
        for key, value in model.state_dict().items()
        if not key.endswith('num_batches_tracked')
    }
    versions = [today]
    if name in ('faster_rcnn_r50_fpn', 'faster_rcnn_mobilenet_v3_fpn') or (
        name == 'retinanet_r50_fpn'
    ):
        old = {as_published(key): value for key, value in today.items()}
        assert len(old) == len(today) and old.keys() != today.keys()
        versions.append(old)
    for state in versions:
        found, _ = convert_keys(state, golden['key_map'])
        assert {key: value.shape for key, value in found.items()} == wanted
