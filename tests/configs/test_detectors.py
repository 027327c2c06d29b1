"""Models of detectors that nobody publishes weights of: counted layer by layer."""

import pytest
import torch
from mmengine.config import Config
from support.runs import ROOT

from mmlite.registry import MODELS

RESNET50 = 25_557_032 - 2_049_000  # published, without its last layer
MOBILENET_V2 = 3_504_872 - 1_281_000


def conv(width, channels, size=1):
    """With a bias."""
    return width * channels * size**2 + channels


def c4(num_classes, anchors, hidden):
    """Three layers of proposals, and two of the boxes' classes and corners."""
    proposals = conv(1024, hidden, 3) + sum(conv(hidden, n) for n in anchors)
    return (
        RESNET50 + proposals + conv(2048, num_classes + 1) + conv(2048, 4 * num_classes)
    )


def ssdlite(num_classes, widths, extra):
    """Narrowed, depth-wise, widened, each with a norm; two predictors for each map."""
    count, width = MOBILENET_V2, widths[-1]
    for channels in extra:
        half = channels // 2
        count += (width + 2) * half + (9 + 2) * half + (half + 2) * channels
        width = channels
    for width in (*widths, *extra):
        for channels in (6 * (num_classes + 1), 6 * 4):
            count += (9 + 2) * width + conv(width, channels)
    return count


COUNTS = {
    # 15 anchors with a score each; 12 with two, as in TensorFlow.
    'faster_rcnn_r50_c4': c4(80, (15, 60), 1024),
    'faster_rcnn_r50_c4_tf': c4(90, (24, 48), 512),
    'ssdlite320_mobilenet_v2': ssdlite(80, (96, 1280), (512, 256, 256, 128)),
}


def build(name):
    cfg = Config.fromfile(ROOT / f'configs/_base_/models/{name}.py').model
    with torch.device('meta'):
        return MODELS.build(cfg)


@pytest.mark.parametrize('name', COUNTS)
def test_parameters(name):
    count = sum(p.numel() for p in build(name).parameters())
    assert count == COUNTS[name]


@pytest.mark.parametrize(
    ('name', 'sides'),
    [
        ('faster_rcnn_r50_c4', (32, 64, 128, 256, 512)),
        ('faster_rcnn_r50_c4_tf', (64, 128, 256, 512)),
    ],
)
def test_anchors_and_crops_of_c4(name, sides):
    """One map of stride 16; the last stage gives 7x7 of its crops."""
    model = build(name)
    (anchors,) = model.rpn_head.anchor_generator([(2, 3)], (32, 48))
    areas = (anchors[:, 2:] - anchors[:, :2]).prod(1).sqrt()
    assert len(anchors) == 2 * 3 * 3 * len(sides)
    assert set(areas.round().tolist()) == set(sides)
    middle = (anchors[:, 2:] + anchors[:, :2]) / 2
    centres = {tuple(c) for c in middle.round().tolist()}
    assert centres == {(x, y) for x in (0, 16, 32) for y in (0, 16)}
    side = model.roi_head.roi_extractor.output_size
    crops = torch.zeros(1, 1024, side, side, device='meta')
    with torch.no_grad():
        found = model.feature_extractor.extract_box_classifier_features(crops)
    assert found.shape == (1, 2048, 7, 7)
