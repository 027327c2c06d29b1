"""The key map of a checkpoint is found by what it makes fit."""

import pytest
import torch
from torch import nn

from mmlite.engine.checkpoints import convert_keys, load_state
from mmlite.engine.checkpoints.choosing import choose_key_map
from mmlite.registry import MODELS

TINY = dict(embed_dims=12, num_layers=1, num_heads=3, feedforward_channels=24)


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='VisionTransformer', arch=TINY, img_size=32),
            head=dict(type='LinearClsHead', num_classes=3, in_channels=12),
        )
    )


def of_timm(model):
    """The state under timm's names."""
    names = [
        ('backbone.', ''),
        ('patch_embed.projection', 'patch_embed.proj'),
        ('layers.0.ffn.layers.0.0', 'blocks.0.mlp.fc1'),
        ('layers.0.ffn.layers.1', 'blocks.0.mlp.fc2'),
        ('layers.0.ln', 'blocks.0.norm'),
        ('layers.0.attn', 'blocks.0.attn'),
        ('ln1', 'norm'),
        ('head.fc', 'head'),
    ]
    state = {}
    for name, value in model.state_dict().items():
        for ours, theirs in names:
            name = name.replace(ours, theirs)
        state[name] = torch.rand_like(value)
    return state


@pytest.mark.parametrize('prefix', ['', 'module.', 'model.', 'image_encoder.0.'])
def test_prefixes_are_seen_through(model, prefix):
    theirs = {prefix + name: value for name, value in of_timm(model).items()}
    report = load_state(model, theirs, strict=True)
    assert report.complete
    found = model.state_dict()['backbone.layers.0.ffn.layers.0.0.weight']
    assert torch.equal(found, theirs[f'{prefix}blocks.0.mlp.fc1.weight'])


def test_others_beside_the_model_of_lightning(model):
    theirs = {f'model.{name}': value for name, value in of_timm(model).items()}
    theirs['loss_fn.weight'] = torch.ones(3)
    report = load_state(model, theirs, quiet=True)
    assert report.whole


def test_the_backbone_alone(model):
    backbone = model.backbone
    report = load_state(backbone, of_timm(model), quiet=True)
    assert report.missing == [] and report.mismatched == []


def test_a_checkpoint_of_ours_needs_none(model):
    state = model.state_dict()
    assert choose_key_map(state, model) is None
    del state['head.fc.weight']  # another head
    assert choose_key_map(state, model) is None
    assert choose_key_map(nn.Linear(2, 2).state_dict(), model) is None


def test_the_project_that_is_asked_for(model):
    assert choose_key_map(of_timm(model), model, 'timm')[0] == 'timm-vit-linear'
    assert choose_key_map(of_timm(model), model, 'huggingface') is None


class Renaming(nn.Module):
    """A whole whose state has other names than its modules, as wrapped ones do."""

    def __init__(self):
        super().__init__()
        self.model = nn.Linear(2, 2)
        self._register_state_dict_hook(self.shorten)
        self._register_load_state_dict_pre_hook(self.lengthen, with_module=True)

    @staticmethod
    def shorten(module, state, prefix, metadata):
        for name in list(state):
            state[name.removeprefix('model.')] = state.pop(name)

    @staticmethod
    def lengthen(module, state, prefix, *others):
        for name in list(state):
            state[f'model.{name}'] = state.pop(name)


def test_a_whole_with_names_of_its_own():
    ours, theirs = Renaming(), Renaming()
    report = load_state(ours, theirs.state_dict(), strict=True)
    assert report.matched == 2
    assert torch.equal(ours.model.weight, theirs.model.weight)


def test_our_own_names_behind_a_prefix_are_no_other_project():
    model = MODELS.build(dict(type='LeNet5'))
    theirs = {f'model.{name}': v for name, v in model.state_dict().items()}
    name, key_map = choose_key_map(theirs, model)
    assert name == 'of our own names'
    assert convert_keys(theirs, key_map)[0].keys() == model.state_dict().keys()
