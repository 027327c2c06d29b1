"""Every backbone that gives maps becomes the feature extractor of a detector."""

from __future__ import annotations

import pytest
import torch
from contracts import tiny
from contracts.tiny import backbone_cfg, image_shape, names_of

from mmlite.registry import MODELS

with torch.device('meta'):
    BACKBONES = {
        name: MODELS.build(backbone_cfg(name))
        for name in names_of('backbones')
        if name in tiny.BACKBONES  # a contract of backbones says if one is missing
    }


def gives_maps(specs):
    return bool(specs) and all(getattr(spec, 'stride', None) for spec in specs)


WITH_MAPS = [n for n, b in BACKBONES.items() if gives_maps(b.feature_specs)]
WITH_A_CHAIN = [n for n, b in BACKBONES.items() if getattr(b, 'chain', ())]
#: Those that take another number of channels than an image of a detector has.
OTHER_CHANNELS = [name for name in WITH_MAPS if image_shape(name)[0] != 3]


def image(name):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, *image_shape(name), generator=generator)


def test_most_backbones_are_among_them():
    assert len(WITH_MAPS) > 30
    assert {'ResNet', 'MobileNetV2', 'EfficientNet', 'DenseNet'} <= set(WITH_A_CHAIN)


@pytest.mark.parametrize('name', WITH_MAPS)
@pytest.mark.parametrize(
    'kind',
    [
        dict(type='FPNExtractor', neck=dict(out_channels=4)),
        dict(type='SSDMultiMapExtractor', extra_channels=(4,)),
    ],
    ids=['FPN', 'SSD'],
)
def test_its_maps_are_extracted(name, kind):
    extractor = MODELS.build(dict(kind, backbone=backbone_cfg(name))).eval()
    with torch.no_grad():
        feats = extractor.extract_features(image(name))
    specs = extractor.feature_specs
    assert [f.size(1) for f in feats] == [spec.channels for spec in specs]
    for feat, spec in zip(extractor.backbone_specs, specs, strict=False):
        assert feat.stride == spec.stride


@pytest.mark.parametrize('name', WITH_A_CHAIN)
def test_both_parts_do_what_the_whole_does(name):
    whole = MODELS.build(backbone_cfg(name)).eval()
    cut = whole.chain[-2]
    lower, upper = whole.split(cut)
    with torch.no_grad():
        expected = whole(image(name))[-1]
        torch.testing.assert_close(upper(lower(image(name))), expected)
    names = {key for part in (lower, upper) for key in part.state_dict()}
    assert names <= whole.state_dict().keys()


@pytest.mark.parametrize('name', sorted(set(WITH_A_CHAIN) - set(OTHER_CHANNELS)))
def test_it_is_cut_for_faster_rcnn(name):
    cfg = backbone_cfg(name)
    cut = MODELS.build(cfg).chain[-2]
    extractor = MODELS.build(
        dict(type='ClassifierRCNNExtractor', backbone=cfg, cut=cut)
    ).eval()
    with torch.no_grad():
        (feats,) = extractor.extract_proposal_features(image(name))
        crops = extractor.extract_box_classifier_features(feats)
    assert feats.size(1) == extractor.feature_specs[0].channels
    assert crops.ndim == 4
