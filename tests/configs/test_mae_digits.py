"""The recipe of MAE on the digits, shortened."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmlite import apis
from mmlite.apis.extracting import extract_features

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / 'configs/mae/mae_vit-tiny-p8_1xb128_digits.py'
PROBE = ROOT / 'configs/mae/vit-tiny-p8_finetune_1xb128_digits.py'


def nearest(known, asked):
    """Share of images whose nearest known image is of their class."""
    vectors = [
        torch.nn.functional.normalize(torch.tensor(f['feat_0'])) for f in (known, asked)
    ]
    place = (vectors[1] @ vectors[0].T).argmax(dim=1)
    return float(
        (torch.tensor(known['gt_label'])[place] == torch.tensor(asked['gt_label']))
        .float()
        .mean()
    )


@pytest.mark.slow
def test_features_beat_those_of_random_weights(tmp_path):
    overrides = [
        f'work_dir={tmp_path}',
        'train_cfg.max_epochs=30',
        'param_scheduler=None',
    ]
    apis.train(RECIPE, overrides)

    def features(loader, checkpoint):
        begun = []
        if checkpoint is not None:
            begun = [
                'model.backbone.init_cfg.type=Pretrained',
                'model.backbone.init_cfg.prefix=backbone.',
                f'model.backbone.init_cfg.checkpoint={checkpoint}',
            ]
        return extract_features(PROBE, None, None, begun, dataloader=loader)

    torch.manual_seed(0)
    scores = []
    for checkpoint in (None, tmp_path / 'epoch_30.pth'):
        known = features('train_dataloader', checkpoint)
        scores.append(nearest(known, features('val_dataloader', checkpoint)))
    assert scores[1] > scores[0] + 0.05
