"""What a backbone sees when it is pre-trained it sees when it is used."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmlite.apis.inferencers.reconstruction import still_steps
from mmlite.config import load_config
from mmlite.datasets import Compose, default_collate
from mmlite.registry import MODELS

CONFIGS = Path(__file__).parents[2] / 'configs'
PRETRAINING = (
    'barlowtwins/barlowtwins_resnet50_8xb256-coslr-300e_in1k.py',
    'byol/byol_resnet50_16xb256-coslr-200e_in1k.py',
    'densecl/densecl_resnet50_8xb32-coslr-200e_in1k.py',
    'mae/mae_vit-base-p16_8xb512-amp-coslr-400e_in1k.py',
    'mocov2/mocov2_resnet50_8xb32-coslr-200e_in1k.py',
    'mocov3/mocov3_vit-small-p16_16xb256-amp-coslr-300e_in1k.py',
    'simclr/simclr_resnet50_16xb256-coslr-200e_in1k.py',
    'simsiam/simsiam_resnet50_8xb32-coslr-100e_in1k.py',
    'spark/spark_sparse-resnet50_8xb512-amp-coslr-800e_in1k.py',
    'swav/swav_resnet50_8xb32-mcrop-coslr-200e_in1k-224px-96px.py',
)
USE = 'resnet/resnet50_8xb32_in1k.py'
RED = np.zeros((300, 260, 3), np.uint8)
RED[..., 2] = 255  # cv2 writes BGR


def seen(name, folder):
    """The mean of each channel that the backbone is given of a red picture."""
    path = folder / 'red.png'
    cv2.imwrite(str(path), RED)
    cfg = load_config(CONFIGS / name)
    pipeline = still_steps(cfg.train_dataloader.dataset.pipeline)
    prepare = cfg.get('data_preprocessor') or cfg.model.get('data_preprocessor')
    whole = MODELS.get(cfg.model.type)
    prepare = MODELS.build(dict(dict(type=whole.default_data_preprocessor), **prepare))
    batch = default_collate([Compose(pipeline)(dict(img_path=str(path)))])
    return prepare(batch, training=True)['inputs'].mean(dim=(0, 2, 3))


@pytest.mark.parametrize('name', [*PRETRAINING, USE])
def test_red_is_large_in_the_first_channel_at_the_same_scale(name, tmp_path):
    expected = [(255 - 123.675) / 58.395, -116.28 / 57.12, -103.53 / 57.375]
    torch.testing.assert_close(seen(name, tmp_path), torch.tensor(expected))


def test_no_pretraining_on_imagenet_is_left_out():
    found = []
    for path in CONFIGS.glob('*/*_in1k*.py'):
        whole = MODELS.get(load_config(path).model.type)
        if not whole.predicts:
            found.append(path.relative_to(CONFIGS).as_posix())
    assert sorted(found) == sorted(PRETRAINING)
