from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmlite.datasets import Digits
from mmlite.engine import Runner
from mmlite.errors import ConfigError
from mmlite.registry import HOOKS

PLAIN = dict(type='PackInputs')
JITTER = dict(type='ColorJitter', hue=0.1, saturation=0.2, brightness=0.3)


def runner_of(work_dir, hooks: list, pipeline=(JITTER, PLAIN), **changes) -> Runner:
    cfg = dict(
        work_dir=str(work_dir),
        model=dict(
            type='ImageClassifier',
            backbone=dict(type='AirbenchNet', widths=(2,)),
            neck=dict(type='GlobalMaxPooling'),
            head=dict(type='LinearClsHead', num_classes=10, in_channels=2),
            data_preprocessor=dict(mean=[80.0] * 3, std=[95.0, 90.0, 50.0]),
            train_cfg=dict(augments=dict(type='Mixup', alpha=1.0)),
        ),
        train_dataloader=dict(
            batch_size=16,
            num_workers=0,
            dataset=dict(type='Digits', indices=64, pipeline=list(pipeline)),
            sampler=dict(type='DefaultSampler', shuffle=True),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        custom_hooks=hooks,
        randomness=dict(seed=3),
    )
    return Runner.from_cfg(Config(cfg | changes))


HOOK = dict(type='PatchWhiteningHook', num_images=48)


def moments(runner: Runner) -> torch.Tensor:
    """Of the whitened training images, without augmentation."""
    images = torch.stack(
        [sample['inputs'] for sample in Digits(indices=48, pipeline=[PLAIN])]
    )
    inputs = runner.model.data_preprocessor(dict(inputs=images))['inputs']
    layer = runner.model.backbone.whiten
    rows = torch.nn.functional.conv2d(inputs, layer.weight)[:, :12]
    rows = rows.transpose(0, 1).flatten(1)
    return rows @ rows.T / rows.size(1)


def test_the_training_images_are_whitened(tmp_path):
    runner = runner_of(tmp_path, [HOOK], pipeline=[PLAIN])
    runner.train()
    found = moments(runner)
    # Grey images have 4 components; eps keeps the others small.
    torch.testing.assert_close(found[:3, :3], torch.eye(3), atol=0.05, rtol=0)


def test_the_outcome_and_the_random_numbers_are_reproducible(tmp_path):
    layers, after = [], []
    for hooks in ([], [HOOK], [HOOK]):
        runner = runner_of(tmp_path / str(len(layers)), hooks)
        runner.train()
        layers.append(runner.model.backbone.whiten.weight)
        after.append(torch.rand(1))
    assert torch.equal(layers[1], layers[2])
    assert not torch.equal(layers[0], layers[1])
    assert after[0] == after[1] == after[2]


def test_weights_of_a_checkpoint_are_left_alone(tmp_path):
    runner_of(tmp_path / 'a', [dict(HOOK, num_images=5)]).train()
    path = str(tmp_path / 'a/epoch_1.pth')
    saved = torch.load(path, weights_only=True)['state_dict']
    for changes in (dict(load_from=path), dict(load_from=path, resume=True)):
        runner = runner_of(tmp_path / 'b', [HOOK], **changes)
        runner.train()
        whiten = runner.model.backbone.whiten
        assert torch.equal(whiten.weight, saved['backbone.whiten.weight'])


@pytest.mark.parametrize('layer', ['backbone.whitening', 'head.fc'])
def test_a_layer_that_cannot_be_computed(layer, tmp_path):
    with pytest.raises(
        ConfigError, match=f'model.{layer} is not a layer with init_from'
    ):
        runner_of(tmp_path, [dict(HOOK, layer=layer)]).train()


def test_no_images():
    with pytest.raises(ConfigError, match='num_images must be at least 1, got 0'):
        HOOKS.build(dict(HOOK, num_images=0))
