"""Features judged by neighbours, and kept, from the command line."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from mmlite.apis import neighbours
from mmlite.apis.cli import main
from mmlite.apis.extracting import features_of
from mmlite.apis.neighbours import knn
from mmlite.config import load_config
from mmlite.errors import DataError, UserError

CONFIG = str(
    Path(__file__).parents[2] / 'configs/simclr/simclr_resnet18_1xb256_digits.py'
)
SMALL = [
    '--cfg-options',
    'model.backbone.base_channels=2',
    'model.neck.in_channels=16',
    'train_dataloader.dataset.indices=40',
    'val_dataloader.dataset.indices=20',
]


def test_neighbours_in_pixels_and_in_features(capsys):
    assert main(['knn', CONFIG, '--k', '1', '--pixels', *SMALL]) == 0
    pixels = capsys.readouterr().out
    gallery, figure = pixels.splitlines()
    assert gallery == (
        'gallery   40 training images, in which 20 validation images are looked for'
    )
    assert re.fullmatch(r'knn/top1  \d+\.\d\d', figure)
    assert float(figure.split()[1]) > 10  # chance
    assert main(['knn', CONFIG, '--shots', '1', '--draws', '2', *SMALL]) == 0
    gallery, *lines = capsys.readouterr().out.splitlines()
    assert '40 training images, 1 of each class in each of 2 draws' in gallery
    assert [line.split()[0] for line in lines] == ['knn/top1', 'knn/std']
    assert main(['knn', CONFIG, '--k', '41', '--pixels', *SMALL]) == 0
    assert 'k=41 is more than there are: all of them vote' in capsys.readouterr().out


def coloured(folder, number, red):
    """Write a picture of a colour that differs a little from others of its kind."""
    folder.mkdir(parents=True, exist_ok=True)
    colour = (0, number, 255) if red else (255, number, 0)
    image = np.full((16, 16, 3), colour, np.uint8)
    cv2.imwrite(str(folder / f'{number}.png'), image)


@pytest.mark.parametrize('split', [(), ('train', 'val')])
def test_labelled_images_of_another_folder(capsys, split):
    for number in range(10):
        part = split[number // 8] if split else ''
        coloured(Path('pets', part, 'cat'), number, red=True)
        coloured(Path('pets', part, 'dog'), number, red=False)
    cfg = load_config(CONFIG, SMALL[1:])
    steps = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    cfg.test_dataloader = dict(dataset=dict(type='CustomDataset', pipeline=steps))
    cfg.val_dataloader = None
    # The two colours are far apart.
    assert knn(cfg, data='pets', k=3, pixels=True) == {'knn/top1': 100}
    gallery = capsys.readouterr().out.splitlines()[-1]
    assert '16 training images' in gallery and '4 validation images' in gallery


def test_images_in_files_need_a_pipeline_that_reads_them(capsys):
    Path('pets').mkdir()
    assert main(['knn', CONFIG, '--data', 'pets']) == 1
    said = capsys.readouterr().err
    assert 'the test is on Digits, and no step of its pipeline reads files' in said
    assert main(['knn', CONFIG, '--data', 'absent']) == 1
    assert 'absent does not exist' in capsys.readouterr().err


def test_images_that_have_no_labels_are_said_to_have_none():
    for number in range(2):
        coloured(Path('photos'), number, red=True)
        coloured(Path('one', str(number)), number, red=True)
    cfg = load_config(CONFIG, SMALL[1:])
    steps = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    unlabelled = dict(type='CustomDataset', data_root='photos', with_label=False)
    cfg.val_dataloader.dataset = dict(unlabelled, pipeline=steps)
    cfg.test_dataloader = cfg.val_dataloader
    with pytest.raises(UserError, match='photos: the images have no labels.* --data'):
        knn(cfg, pixels=True)
    with pytest.raises(UserError, match='no image can be looked for, as none is held'):
        knn(cfg, data='one')


def test_features_that_are_nan_name_no_class(monkeypatch):
    def lost(model, inputs):
        return torch.full((len(inputs), 2), float('nan'))

    monkeypatch.setattr(neighbours, 'features_of', lost)
    with pytest.raises(DataError, match='the features of 20 of 20 images are NaN'):
        knn(load_config(CONFIG, SMALL[1:]))


@pytest.mark.parametrize('whole', [False, True])
def test_features_are_kept(tmp_path, capsys, whole):
    out = tmp_path / 'deep/features.npz'
    flags = ['--whole-maps'] if whole else []
    assert main(['extract-features', CONFIG, str(out), *flags, *SMALL]) == 0
    assert 'gt_label  20' in capsys.readouterr().out
    found = np.load(out)
    assert found['feat_0'].shape == ((20, 16, 2, 2) if whole else (20, 16))
    assert found['gt_label'].shape == (20,)


@pytest.mark.parametrize('words', [['--k', '0'], ['--shots', '0'], ['--draws', '0']])
def test_numbers_of_neighbours_that_make_no_sense(capsys, words):
    assert main(['knn', CONFIG, *words]) == 1
    name = words[0].strip('-')
    assert capsys.readouterr().err == f'error: {name} must be at least 1, got 0\n'


def test_a_file_that_cannot_hold_features_is_refused_before_the_work(capsys):
    assert main(['extract-features', CONFIG, 'features.txt']) == 1
    assert "written to .npz files, got 'features.txt'" in capsys.readouterr().err


def test_a_model_without_features_of_images_is_named():
    class Walks(nn.Module):
        def whole_features(self, inputs):
            raise NotImplementedError

    with pytest.raises(UserError, match='Walks has no features of whole images'):
        features_of(Walks(), None)
