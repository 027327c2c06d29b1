"""Features judged by neighbours, and kept, from the command line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from mmlite.apis.cli import main
from mmlite.apis.extracting import features_of
from mmlite.errors import UserError

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
    assert re.fullmatch(r'knn/top1  \d+\.\d\d\n', pixels)
    assert float(pixels.split()[1]) > 10  # chance
    assert main(['knn', CONFIG, '--shots', '1', '--draws', '2', *SMALL]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ['knn/top1', 'knn/std']


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
    assert capsys.readouterr().err == f'error: {name} is at least 1, got 0\n'


def test_a_file_that_cannot_hold_features_is_refused_before_the_work(capsys):
    assert main(['extract-features', CONFIG, 'features.txt']) == 1
    assert "written to .npz files, got 'features.txt'" in capsys.readouterr().err


def test_a_model_without_features_of_images_is_named():
    class Walks(nn.Module):
        def whole_features(self, inputs):
            raise NotImplementedError

    with pytest.raises(UserError, match='Walks has no features of whole images'):
        features_of(Walks(), None)
