"""The recipes of SimCLR and of retrieval on the digits, shortened."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlite import apis

CONFIGS = Path(__file__).parents[2] / 'configs'
SIMCLR = CONFIGS / 'simclr/simclr_resnet18_1xb256_digits.py'
RETRIEVAL = CONFIGS / 'retrieval/arcface_resnet18_1xb64_digits.py'
NARROW = ['model.backbone.stem_channels=8', 'model.backbone.base_channels=8']


@pytest.mark.slow
def test_simclr_learns_to_find_digits_of_a_class(tmp_path):
    options = [
        *NARROW,
        'model.neck.in_channels=64',
        'train_cfg.max_epochs=8',
        'param_scheduler.1.end=8',
        'train_cfg.val_interval=8',
        'default_hooks.checkpoint.interval=8',
        'default_hooks.logger.interval=1',
    ]
    runner = apis.train(SIMCLR, options, work_dir=tmp_path)
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert losses[-3:].mean() < losses[:3].mean() - 0.5
    few = dict(overrides=options, shots=10, draws=5, k=5)
    learned = apis.knn(SIMCLR, tmp_path / 'epoch_8.pth', **few)['knn/top1']
    random = apis.knn(SIMCLR, **few)['knn/top1']
    assert learned > random + 8


@pytest.mark.slow
def test_digits_never_seen_are_found_better_than_at_random(tmp_path):
    options = [
        'model.image_encoder.0.stem_channels=8',
        'model.image_encoder.0.base_channels=8',
        'model.head.in_channels=64',
        'train_cfg.max_epochs=1',
        'param_scheduler=None',
        'default_hooks.checkpoint.interval=1',
    ]
    runner = apis.train(RETRIEVAL, options, work_dir=tmp_path)
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert losses[-5:].mean() < losses[:5].mean()
    checkpoint = tmp_path / 'epoch_1.pth'
    figures = apis.test(RETRIEVAL, checkpoint, options, work_dir=tmp_path)
    # One in four is found by chance, 99 % by the pixels.
    assert figures['retrieval/Recall@1'] > 80
