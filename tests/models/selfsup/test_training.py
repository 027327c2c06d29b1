"""Contrastive learning from a config: schedules, hooks, use of the result."""

from __future__ import annotations

import copy
import logging
from contextlib import contextmanager

import pytest
import torch
from contracts.tiny import CONTRASTIVE
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

from mmlite.apis import knn
from mmlite.engine import Runner
from mmlite.errors import ConfigError
from mmlite.registry import MODELS


def config(name, work_dir, epochs=1, **changes):
    view = [dict(type='RandomCrop', crop_size=16, padding=2)]
    views = 3 if name == 'SwAV' else 2
    pipeline = [
        dict(type='MultiView', num_views=views, transforms=[view]),
        dict(type='PackInputs'),
    ]
    model = dict(copy.deepcopy(CONTRASTIVE[name]), type=name)
    if name == 'SwAV':
        model['head']['loss']['num_crops'] = [3]
    test = dict(type='Digits', split='test', indices=20, size=16)
    test['pipeline'] = [dict(type='PackInputs')]
    cfg = dict(
        model=model,
        train_dataloader=dict(
            batch_size=4,
            num_workers=0,
            dataset=dict(type='Digits', indices=16, size=16, pipeline=pipeline),
            sampler=dict(type='DefaultSampler', shuffle=True),
        ),
        val_dataloader=dict(
            batch_size=10,
            num_workers=0,
            dataset=test,
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        val_cfg=dict(),
        val_evaluator=dict(type='KNNAccuracy', k=3),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        work_dir=str(work_dir),
        randomness=dict(seed=0),
        default_scope='mmlite',
    )
    return Config(dict(cfg, **changes))


@pytest.mark.parametrize('counts', [1, 2])
def test_the_average_of_byol_follows_its_schedule(tmp_path, counts):
    """Four iterations, of which the first copies the network; the rate is 0.

    The schedule counts iterations, however many make a step of the optimizer.
    """
    wrapper = dict(optimizer=dict(type='SGD', lr=0.0), accumulative_counts=counts)
    cfg = config('BYOL', tmp_path, optim_wrapper=wrapper)
    cfg.model.base_momentum = 0.1
    runner = Runner.from_cfg(cfg)
    model = runner.model
    name = 'module.1.mlp.2.bias'
    target = model.target_net.get_parameter(name)
    loss = model.loss

    def spied(*args):
        if model.target_net.steps == 1:
            torch.nn.init.zeros_(target)
        return loss(*args)

    model.loss = spied
    torch.nn.init.ones_(model.neck.mlp[2].bias)
    runner.call_hook = keep_weights(runner, model)
    runner.train()
    torch.testing.assert_close(target, torch.full((8,), 0.14381), rtol=1e-4, atol=0)
    assert model.target_net.share(int(model.target_net.steps)) == 0  # at the end alone
    assert model.target_net.share(3) > 0
    grouped = runner.optim_wrapper.param_groups
    tensors = [p for group in grouped for p in group['params'] if p.requires_grad]
    assert not any(p is q for p in tensors for q in model.target_net.parameters())


def test_a_momentum_of_the_papers_is_warned_of():
    """Papers state what the old weights count, e.g. 0.996."""
    cfg = dict(copy.deepcopy(CONTRASTIVE['BYOL']), type='BYOL')
    with capture_log() as lines:
        MODELS.build(dict(cfg, base_momentum=0.996))
    assert any('newest weights count' in line for line in lines)


@contextmanager
def capture_log():
    """What is written to the current log meanwhile."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


@pytest.mark.parametrize('layout', ['module.encoder_q', 'backbone', 'encoder'])
def test_official_checkpoints_fill_the_backbone_and_the_rest_is_counted(
    tmp_path, layout
):
    init_default_scope('mmlite')
    cfg = dict(CONTRASTIVE['MoCo']['backbone'])
    torch.manual_seed(0)
    weights = MODELS.build(cfg).state_dict()
    state = {f'{layout}.{name}': value for name, value in weights.items()}
    others = ('fc.weight', 'queue', 'decoder.mask_token')
    state.update({f'module.{name}': torch.ones(3) for name in others})
    checkpoint = str(tmp_path / 'official.pth')
    torch.save(dict(state_dict=state), checkpoint)
    init_cfg = dict(type='Pretrained', checkpoint=checkpoint, prefix=f'{layout}.')
    backbone = MODELS.build(dict(cfg, init_cfg=init_cfg))
    with capture_log() as lines:
        backbone.init_weights()
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, weights[name]), name
    assert any('; 3 others left out' in line for line in lines)


def keep_weights(runner, model):
    """Training initialises the weights; the one that is looked at stays 1."""
    call = runner.call_hook

    def called(name, **kwargs):
        if name == 'before_train':
            torch.nn.init.ones_(model.neck.mlp[2].bias)
        return call(name, **kwargs)

    return called


def test_pretraining_is_validated_by_neighbours_and_its_backbone_is_used(tmp_path):
    runner = Runner.from_cfg(config('MoCo', tmp_path / 'pretrain'))
    runner.train()
    found = runner.val_loop.run()
    assert 0 <= found['knn/loo_top1'] <= 100
    checkpoint = str(tmp_path / 'moco.pth')
    torch.save(dict(state_dict=runner.model.state_dict()), checkpoint)
    classifier = dict(
        type='ImageClassifier',
        backbone=dict(
            CONTRASTIVE['MoCo']['backbone'],
            frozen_stages=4,
            init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
        ),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=10, in_channels=64),
    )
    model = MODELS.build(classifier)
    model.init_weights()
    expected = runner.model.backbone.state_dict()
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, expected[name])
    model.train()
    model.backbone(torch.rand(4, 3, 16, 16))
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, expected[name])  # statistics too
    classifier['backbone']['init_cfg']['prefix'] = 'no_such_part.'
    with pytest.raises((ConfigError, Exception), match='no_such_part'):
        MODELS.build(classifier).init_weights()


def test_the_queue_of_swav_begins_fills_and_is_saved(tmp_path):
    hook = dict(type='SwAVHook', batch_size=4, epoch_queue_starts=1, feat_dim=8)
    hook.update(queue_length=14, frozen_layers_cfg=dict(prototypes=5))
    runner = Runner.from_cfg(config('SwAV', tmp_path, 3, custom_hooks=[hook]))
    weights, used = [], []
    loss = runner.model.loss

    def spied(*args):
        result = loss(*args)
        module = runner.model.head.loss_module
        used.append(module.use_queue)
        weights.append(module.prototypes.weight.requires_grad)
        return result

    runner.model.loss = spied
    runner.train()
    queue = runner.model.head.loss_module.queue
    assert queue.shape == (2, 12, 8)
    assert weights == [False] * 5 + [True] * 7
    # Full after three batches of the second epoch.
    assert used == [False] * 7 + [True] * 5
    assert torch.equal(torch.load(tmp_path / 'queue0.pth'), queue)


@pytest.mark.parametrize(
    ('name', 'changes', 'message'),
    [
        ('MoCo', {}, 'has no head.loss_module with a queue; the hook is for SwAV'),
        ('SwAV', dict(frozen_layers_cfg=dict(protos=3)), "names 'protos', but no"),
    ],
)
def test_a_hook_that_does_not_fit_is_refused(tmp_path, name, changes, message):
    hook = dict(type='SwAVHook', batch_size=4, feat_dim=8, **changes)
    runner = Runner.from_cfg(config(name, tmp_path, custom_hooks=[hook]))
    with pytest.raises(ConfigError, match=message):
        runner.train()


def test_neighbours_of_few_labels_are_counted(tmp_path):
    cfg = config('SimCLR', tmp_path)
    figures = knn(cfg, shots=1, draws=3, pixels=True)
    assert set(figures) == {'knn/top1', 'knn/std'}
    assert 0 <= knn(cfg, k=3)['knn/top1'] <= 100
    with pytest.raises(ConfigError, match='val_dataloader is missing; .* --data'):
        knn(dict(cfg.to_dict(), val_dataloader=None))
