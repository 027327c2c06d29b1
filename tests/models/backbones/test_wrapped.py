"""Networks of other libraries give what they give by themselves."""

import importlib

import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
EXTRAS = {
    'TIMMBackbone': ('timm', dict(model_name='resnet18')),
    'TorchvisionBackbone': (
        'torchvision',
        dict(model_name='resnet18', out_layers=['layer4']),
    ),
    'HuggingFaceBackbone': ('transformers', dict(model_name='nowhere')),
    'TimmClassifier': ('timm', dict(model_name='resnet18')),
    'HuggingFaceClassifier': ('transformers', dict(model_name='nowhere')),
}


def build(**cfg):
    return MODELS.build(cfg).eval()


def need(package):
    """The package, or a skip; timm is of no use without torchvision."""
    try:
        return importlib.import_module(package)
    except ImportError:
        pytest.skip(f'{package} is not installed')


@pytest.mark.parametrize('name', EXTRAS)
def test_without_the_package_its_extra_is_named(name, monkeypatch):
    package, args = EXTRAS[name]
    for module in (package, f'{package}.models'):
        monkeypatch.setitem(__import__('sys').modules, module, None)
    with pytest.raises(ConfigError, match=rf"pip install 'mmlite\[{package}\]'"):
        build(type=name, **args)


def test_timm_gives_the_same():
    timm = need('timm')
    ours = build(type='TIMMBackbone', model_name='resnet18')
    theirs = timm.create_model('resnet18').eval()
    theirs.load_state_dict(ours.timm_model.state_dict(), strict=False)
    (found,) = ours(IMAGES)
    torch.testing.assert_close(found, theirs.forward_features(IMAGES))
    assert [(s.channels, s.stride) for s in ours.feature_specs] == [(512, 32)]


def test_maps_of_timm_are_as_specified():
    need('timm')
    model = build(type='TIMMBackbone', model_name='resnet18', features_only=True)
    found = [(x.shape[1], 64 // x.shape[2]) for x in model(IMAGES)]
    assert found == [(s.channels, s.stride) for s in model.feature_specs]


def test_a_classifier_of_timm_loads_and_saves_its_names():
    timm = need('timm')
    theirs = timm.create_model('resnet18', num_classes=5).eval()
    ours = build(type='TimmClassifier', model_name='resnet18', num_classes=5)
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    torch.testing.assert_close(ours(IMAGES), theirs(IMAGES))
    scores = theirs(IMAGES).softmax(dim=1)
    torch.testing.assert_close(ours.predict(IMAGES)[1].pred_score, scores[1])


def test_torchvision_gives_the_same():
    models = need('torchvision.models')
    cfg = dict(type='TorchvisionBackbone', model_name='resnet18')
    ours = build(**cfg, out_layers=['layer3', 'layer4', 'fc'])
    theirs = models.resnet18().eval()
    theirs.load_state_dict(ours.model.state_dict())
    *maps, logits = ours(IMAGES)
    torch.testing.assert_close(logits, theirs(IMAGES))
    specs = [(s.channels, s.stride) for s in ours.feature_specs]
    assert specs == [(256, 16), (512, 32), (1000, None)]
    assert [x.shape[1] for x in maps] == [256, 512]
    with pytest.raises(ConfigError, match='at its top there are conv1, '):
        build(**cfg, out_layers=['layer5'])


def test_hugging_face_gives_the_same():
    transformers = need('transformers')
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=64,
    )
    ours = build(type='HuggingFaceBackbone', model_name=config)
    (found,) = ours(IMAGES)
    torch.testing.assert_close(found, ours.model(IMAGES).last_hidden_state)
    assert ours.feature_specs[0].channels == found.shape[2] == 16
