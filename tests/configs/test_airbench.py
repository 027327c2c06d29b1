"""The airbench recipes learn, and their views are the published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from mmlite.config import load_config
from mmlite.datasets import Compose
from mmlite.engine import Runner
from mmlite.registry import MODELS

CONFIGS = Path(__file__).parents[2] / 'configs'


def on_digits(recipe: str, work_dir: Path, batch_size: int) -> Config:
    """A narrow network on digits, which have no mirror images."""
    cfg = load_config(CONFIGS / f'airbench/{recipe}.py')
    digits = load_config(CONFIGS / 'resnet18_digits.py')
    cfg.model.backbone.widths = (16, 32, 32)
    cfg.model.head.in_channels = 32
    cfg.data_preprocessor = digits.data_preprocessor
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.dataset = digits[f'{name}_dataloader'].dataset
        loader.num_workers = 0
    cfg.train_dataloader.batch_size = batch_size
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=0)
    return cfg


@pytest.mark.slow
def test_muon_reads_digits_in_two_epochs(tmp_path):
    cfg = on_digits('airbench94_cifar10', tmp_path, batch_size=128)
    cfg.optim_wrapper.paramwise_cfg.others.lr *= 128 / 2000
    cfg.train_cfg.max_epochs = 2
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.val()['accuracy/top1'] > 90


@pytest.mark.slow
def test_lookahead_reads_digits_in_four_epochs(tmp_path):
    cfg = on_digits('airbench94-lookahead_cifar10', tmp_path, batch_size=64)
    cfg.optim_wrapper.optimizer.lr *= 0.3
    cfg.train_cfg.update(max_iters=88, val_interval=88)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert not runner.model.backbone.whiten.bias.requires_grad
    assert runner.val()['accuracy/top1'] > 90


def test_the_six_views():
    """Those of the original: slices of the padded image, mirrored and not."""
    cfg = load_config(CONFIGS / 'airbench/airbench94_cifar10.py')
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    views = Compose(cfg.tta_pipeline)(dict(img=image))['inputs']
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), 'reflect')
    expected = []
    for moved in (image, padded[0:32, 0:32], padded[2:34, 2:34]):
        expected += [moved, moved[:, ::-1]]
    assert len(views) == len(expected)
    for view, pixels in zip(views, expected, strict=True):
        np.testing.assert_array_equal(view.permute(1, 2, 0), pixels)


def test_half_of_the_weight_is_on_the_image_where_it_is():
    cfg = load_config(CONFIGS / 'airbench/airbench94_cifar10.py')
    tta = MODELS.build(dict(cfg.tta_model, module=dict(cfg.model)))
    assert sum(tta.weights[:2]) == pytest.approx(0.5)
    assert tta.weights[2:] == pytest.approx([0.125] * 4)
