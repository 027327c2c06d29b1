"""Pictures of what a masked image model predicts, from a training and a checkpoint."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from contracts.noise import masked
from contracts.tiny import WHOLES

from mmlite import apis
from mmlite.apis.cli import main
from mmlite.apis.inferencers.reconstruction import still_steps
from mmlite.errors import DataError
from mmlite.registry import MODELS

CONFIG = Path(__file__).parents[3] / 'configs/mae/mae_vit-tiny-p8_1xb128_digits.py'
FEW = [
    'train_cfg.max_epochs=1',
    'train_dataloader.batch_size=16',
    'train_dataloader.dataset.indices=32',
    'default_hooks.checkpoint.interval=1',
]


def test_a_training_and_its_checkpoint_show_three_pictures(tmp_path, capsys):
    hook = '+custom_hooks=[{"type": "VisualSummaryHook", "interval": 2}]'
    apis.train(CONFIG, [*FEW, hook], work_dir=tmp_path)
    (file,) = tmp_path.glob('*/vis_data/vis_image/image_reconstruction_*.png')
    # Eight digits of 16 pixels, three pictures each, in three columns.
    assert cv2.imread(str(file)).shape == (3 * 16, 3 * 48, 3)
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'photo.png'), picture)
    shown = tmp_path / 'drawn'
    words = [str(CONFIG), str(tmp_path / 'epoch_1.pth'), str(tmp_path / 'photo.png')]
    assert main(['predict', *words, '--show-dir', str(shown)]) == 0
    assert 'error' in capsys.readouterr().out
    drawn = cv2.imread(str(shown / 'photo.png'))
    assert drawn.shape == (224, 3 * 224, 3)
    seen, made, target = np.split(drawn, 3, axis=1)
    # Of 2 x 2 patches, half are grey in the first picture.
    patches = seen.reshape(2, 112, 2, 112, 3).transpose(0, 2, 1, 3, 4).reshape(4, -1)
    hidden = (patches == 127).all(axis=1) | (patches == 128).all(axis=1)
    assert hidden.sum() == 2
    for one, other in ((made, target), (seen, target)):
        ours, theirs = (
            x.reshape(2, 112, 2, 112, 3).transpose(0, 2, 1, 3, 4).reshape(4, -1)
            for x in (one, other)
        )
        np.testing.assert_array_equal(ours[~hidden], theirs[~hidden])


@pytest.mark.parametrize('name', ['MAE', 'MFF', 'MixMIM', 'SimMIM', 'SparK', 'iTPN'])
def test_every_image_of_a_batch_is_reconstructed(name):
    cfg, _ = WHOLES[name]
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg, type=name)).eval()
    side = 64 if name in ('SparK', 'iTPN') else 32
    batch = masked(side=side)
    data = model.data_preprocessor(batch, False)
    samples = model.reconstruct(**data)
    assert len(samples) == 4
    for sample, image in zip(samples, batch['inputs'], strict=True):
        torch.testing.assert_close(sample.pred_target, image.float())
        shown = sample.pred_masked == image
        assert torch.all(sample.pred_masked[~shown] == 127.5)
        assert torch.equal(sample.pred_reconstruction[shown], image.float()[shown])
    assert model.num_shown == 8


def test_what_predicts_no_pixels_says_so():
    cfg, _ = WHOLES['MaskFeat']
    model = MODELS.build(dict(cfg, type='MaskFeat'))
    data = model.data_preprocessor(masked(side=112, grid=14), False)
    with pytest.raises(DataError, match='MaskFeat with MIMHead predicts no pixels'):
        model.reconstruct(**data)


def test_random_steps_are_left_out_but_for_the_mask():
    steps = still_steps(
        [
            dict(type='LoadImageFromFile'),
            dict(type='RandomResizedCrop', scale=192),
            dict(type='RandomFlip', prob=0.5),
            dict(type='SimMIMMaskGenerator', input_size=192),
            dict(type='PackInputs'),
        ]
    )
    assert [type(step).__name__ for step in steps] == [
        *('LoadImageFromFile', 'ResizeEdge', 'CenterCrop'),
        *('SimMIMMaskGenerator', 'PackInputs'),
    ]
