"""A small training of each family leaves a page with the pictures of its task."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.html_pages import Page

from mmlite.apis import train
from mmlite.report import read_run

CONFIGS = Path(__file__).parents[2] / 'configs'
FAMILIES = {
    'detection': (
        'ssd/ssd_tiny_1xb16-30e_shapes.py',
        [
            'train_cfg.max_epochs=1',
            'train_cfg.val_interval=1',
            'train_dataloader.dataset.indices=16',
            'val_dataloader.dataset.indices=4',
            'param_scheduler=None',
        ],
        ['Precision over recall', 'Predictions'],
    ),
    'gait': (
        'gait/gaitbase_tiny_1xb32-400i_walkers.py',
        ['train_cfg.max_iters=1', 'train_cfg.val_interval=1'],
        ['Rank lists'],
    ),
    'retrieval': (
        'retrieval/arcface_resnet18_1xb64_digits.py',
        [
            'train_cfg.max_epochs=1',
            'train_cfg.val_interval=1',
            'train_dataloader.dataset.indices=64',
            'param_scheduler=None',
        ],
        ['Rank lists'],
    ),
    'selfsup': (
        'mae/mae_vit-tiny-p8_1xb128_digits.py',
        [
            'train_cfg.max_epochs=1',
            'train_dataloader.dataset.indices=128',
            'param_scheduler=None',
        ],
        ['Reconstruction'],
    ),
    'stereo': (
        'stereo/tinystereo_1xb8-40e_scenes.py',
        [
            'train_cfg.max_epochs=1',
            'train_cfg.val_interval=1',
            'train_dataloader.dataset.indices=8',
            'val_dataloader.dataset.indices=4',
            'param_scheduler=None',
        ],
        ['Disparities'],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize('family', FAMILIES)
def test_pictures(family, tmp_path):
    config, overrides, titles = FAMILIES[family]
    train(CONFIGS / config, overrides, work_dir=tmp_path)
    page = Page((tmp_path / 'report.html').read_text())
    assert page.mistakes == []
    assert [block.title for block in read_run(tmp_path).blocks] == titles
    ids = {attrs.get('id') for _, attrs in page.elements}
    assert ids >= {'pictures', 'config', 'environment', 'continue'}
    assert len(page.all('img')) >= 1
