"""The recipe of MAE on the digits, shortened."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlite import apis

RECIPE = Path(__file__).parents[2] / 'configs/mae/mae_vit-tiny-p8_1xb128_digits.py'


@pytest.mark.slow
def test_features_beat_those_of_random_weights(tmp_path):
    options = [
        'model.backbone.arch.num_layers=2',
        'train_cfg.max_epochs=40',
        'train_cfg.val_interval=40',
        'param_scheduler.1.end=40',
        'default_hooks.checkpoint.interval=40',
    ]
    runner = apis.train(RECIPE, options, work_dir=tmp_path)
    assert 'val/knn/loo_top1' in runner.message_hub.log_scalars
    few = dict(overrides=options, shots=10, draws=5, k=5)
    learned = apis.knn(RECIPE, tmp_path / 'epoch_40.pth', **few)['knn/top1']
    random = apis.knn(RECIPE, **few)['knn/top1']
    assert learned > random + 2
