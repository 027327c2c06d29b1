"""What gait models promise beyond the figures of their peer."""

import copy
from pathlib import Path

import pytest
import torch
from contracts.noise import NOISE
from contracts.tiny import GAIT_BASE, WHOLES
from support.two_processes import learn_walks
from torch import multiprocessing

from mmlite import apis
from mmlite.errors import ConfigError, DataError
from mmlite.registry import MODELS
from mmlite.structures import SampleBatch

ROOT = Path(__file__).parents[3]
NAMES = [name for name, (_, task) in WHOLES.items() if 'gait' in task]
TEMPORAL = ['GaitGL', 'DeepGaitV2']


def build(name, **changes):
    torch.manual_seed(0)
    cfg = copy.deepcopy(WHOLES[name][0])
    return MODELS.build(dict(cfg, type=name, **changes))


def walks(name, lengths):
    channels = (2,) if name == 'SkeletonGait' else ()
    return [torch.rand(length, *channels, 64, 44) for length in lengths]


@pytest.mark.parametrize('name', NAMES)
@torch.no_grad()
def test_walks_behind_one_another_never_mix(name):
    model, parts = build(name).eval(), walks(name, (4, 7, 5))
    alone = [
        model(([part[None]], None, None, None, None))['inference_feat']['embeddings']
        for part in parts
    ]
    lengths = torch.tensor([[4, 7, 5]])
    packed = model(([torch.cat(parts)[None]], None, None, None, lengths))
    found = packed['inference_feat']['embeddings']
    torch.testing.assert_close(found, torch.cat(alone), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', TEMPORAL)
def test_walks_of_several_lengths_train(name):
    model = build(name)
    data = model.data_preprocessor(NOISE['gait'](4), training=True)
    losses = model(**data, mode='loss')
    assert losses['loss_triplet'].isfinite()


def test_any_backbone_and_its_width():
    cfg = dict(copy.deepcopy(GAIT_BASE), type='GaitBase')
    cfg['backbone_cfg'] = dict(
        type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=2, base_channels=2
    )
    with pytest.raises(ConfigError, match='SeparateFCs.in_channels is 8.* gives 16'):
        MODELS.build(cfg)
    cfg['SeparateFCs']['in_channels'] = 16
    model = MODELS.build(cfg).eval()
    found = model.predict(torch.rand(2, 3, 64, 44))
    assert found[0].pred_embedding.shape == (6, 4)


def test_a_height_that_cannot_be_cut():
    model = build('GaitBase').eval()
    with pytest.raises(DataError, match=r'bin_num=\[4\].*got \(2, 8, 15, 22\)'):
        model.predict(torch.rand(2, 3, 30, 44))


def test_parts_that_do_not_fit():
    with pytest.raises(DataError, match='sum is the number of parts'):
        build('GaitBase', bin_num=[2]).eval().predict(torch.rand(1, 3, 64, 44))


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        (dict(mode='4d'), 'Backbone.mode must be'),
        (dict(depth=3), "Backbone has no 'depth'"),
        (dict(channels=[1, 2]), 'one entry for each of 4 stages'),
    ],
)
def test_settings_of_a_backbone(changes, said):
    with pytest.raises(Exception, match=said):
        build('DeepGaitV2', Backbone=changes)


@pytest.mark.parametrize('name', ['GaitBase', 'GaitGL', 'DeepGaitV2'])
def test_an_identity_beyond_the_classes(name):
    model = build(name)
    data = NOISE['gait'](2)
    data['data_samples'] = SampleBatch(
        [s.set_gt_label(5) for s in data['data_samples']]
    )
    with pytest.raises(DataError, match=f'label 5 is not one of the 5.*of {name}'):
        model(**model.data_preprocessor(data, training=True), mode='loss')


def test_weights_start_as_those_of_opengait():
    model = build('GaitBase')
    conv = model.Backbone.forward_block.layer2[0].conv1.weight
    bound = (6 / (conv[0].numel() + conv[:, 0].numel())) ** 0.5
    assert conv.abs().max() <= bound and conv.abs().max() > 0.9 * bound
    fcs = model.FCs.fc_bin
    bound = (6 / ((8 + 4) * 6)) ** 0.5  # of all parts at once
    assert fcs.abs().max() <= bound and fcs.abs().max() > 0.9 * bound


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(8, 6, 2)
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 2, 3])
    multiprocessing.spawn(learn_walks, (tmp_path, x, labels), nprocs=2)
    layer, losses = learn_walks.alone(x, labels)
    for rank in range(2):
        found = torch.load(tmp_path / f'{rank}.pth')
        for name, value in losses.items():
            # Each returns the loss times the number of processes.
            assert found[name] == pytest.approx(2 * value, rel=1e-5)
    grads = [torch.load(tmp_path / f'{rank}.pth')['grad'] for rank in range(2)]
    torch.testing.assert_close(sum(grads) / 2, layer.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_drawn_walkers_are_recognised():
    """A third of the recipe already goes far beyond chance, which is 5 %."""
    config = ROOT / 'configs/gait/gaitbase_tiny_1xb32-400i_walkers.py'
    short = [
        'train_cfg.max_iters=130',
        'train_cfg.val_interval=130',
        'param_scheduler.milestones=[90,120]',
    ]
    runner = apis.train(config, short, work_dir='walkers')
    found = runner.message_hub.get_scalar('val/gait/NM@R1').current()
    untrained = 41.67
    assert found > 5 * 5 and found > untrained + 20


@pytest.mark.parametrize(
    ('backbone', 'message'),
    [
        (None, 'backbone_cfg: expected a dict with a type, got None'),
        ([], 'backbone_cfg: expected a dict with a type, got [] (list)'),
        ({}, 'backbone_cfg: expected a dict with a type, got {} (dict)'),
        (dict(tyep='ResNet9'), 'backbone_cfg: the key type is missing; got the keys'),
        ([dict(type='ResNet9')], 'GaitBase: one module is called on each frame, got'),
    ],
)
def test_a_backbone_that_is_none_is_refused(backbone, message):
    with pytest.raises(ConfigError) as caught:
        build('GaitBase', backbone_cfg=backbone)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize('bins', ['16', [0], [1.5], []])
def test_numbers_of_strips_are_whole(bins):
    with pytest.raises(ConfigError, match='numbers of strips, each at least 1, got'):
        build('GaitBase', bin_num=bins)
