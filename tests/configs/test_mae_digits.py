"""The recipe of MAE on the digits, shortened."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from mmlite import apis

RECIPE = Path(__file__).parents[2] / 'configs/mae/mae_vit-tiny-p8_1xb128_digits.py'


def nearest(checkpoint):
    """Share of held-out digits whose nearest training image is of their class."""
    vectors, labels = [], []
    for split in ('train', 'test'):
        found = apis.extract_features(
            RECIPE,
            checkpoint,
            overrides=[f'train_dataloader.dataset.split={split}'],
            dataloader='train_dataloader',
        )
        vectors.append(F.normalize(torch.tensor(found['feat_0']), dim=1))
        labels.append(torch.tensor(found['gt_label']))
    place = (vectors[1] @ vectors[0].T).argmax(dim=1)
    return float((labels[0][place] == labels[1]).float().mean())


@pytest.mark.slow
def test_features_beat_those_of_random_weights(tmp_path):
    torch.manual_seed(0)
    options = ['train_cfg.max_epochs=20', 'default_hooks.checkpoint.interval=20']
    apis.train(RECIPE, [f'work_dir={tmp_path}', *options])
    assert nearest(tmp_path / 'epoch_20.pth') > nearest(None) + 0.05
