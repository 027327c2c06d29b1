"""A narrow network already learns to see depth from half of the recipe's scenes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmlite import apis
from mmlite.registry import DATASETS

CONFIG = Path(__file__).parents[3] / 'configs/stereo/tinystereo_1xb8-40e_scenes.py'
SHORT = [
    'model.channels=16',
    'model.depth=2',
    'train_dataloader.dataset.num_scenes=96',
    'train_cfg.max_epochs=8',
    'train_cfg.val_interval=8',
    'param_scheduler.total_steps=96',
]


def error_of_the_best_constant(dataset):
    """In px, over the pixels that count in the recipe's metric, image by image."""
    truths = [torch.tensor(dataset[i]['gt_disparity']) for i in range(len(dataset))]
    known = [truth[truth > 0] for truth in truths]
    constant = torch.cat(known).median()
    return torch.stack([(part - constant).abs().mean() for part in known]).mean().item()


@pytest.mark.slow
def test_made_up_scenes_are_learned(tmp_path):
    runner = apis.train(CONFIG, SHORT, work_dir=str(tmp_path))
    scenes = dict(type='StereoScenes', split='test', num_scenes=24)
    constant = error_of_the_best_constant(DATASETS.build(scenes))
    error = runner.message_hub.get_scalar('val/disparity/image_epe').current()
    assert error < 0.75 * constant, (error, constant)
