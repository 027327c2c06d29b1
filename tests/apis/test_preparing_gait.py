"""Silhouettes of published layouts become the tree that is read."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlite.apis.cli import main
from mmlite.apis.preparing_gait import LAYOUTS, prepare_gait
from mmlite.datasets.silhouettes import centred
from mmlite.registry import DATASETS

#: Folder of the pictures of a walk, and where it belongs, by layout.
FOLDERS = {
    'casiab': ('001/nm-01/018', '001/nm-01/018'),
    'gait3d': ('0007/camid1_videoid2/seq0', '0007/camid1_videoid2/seq0'),
    'sustech1k': ('0003/00-nm/045', '0003/00-nm/045'),
    'oumvlp': ('Silhouette_015-01/00042', '00042/01/015'),
    'grew': ('test/gallery/00009/4XPn5Z28', '00009test/01/4XPn5Z28'),
}


def body(height, left=20):
    frame = np.zeros((80, 60), np.uint8)
    frame[5 : 5 + height, left : left + 12] = 255
    return frame


def write(folder, heights=(60, 50, 40)):
    Path(folder).mkdir(parents=True)
    for number, height in zip((1, 2, 10), heights, strict=True):
        cv2.imwrite(f'{folder}/{number}.png', body(height))


def test_every_layout_is_tested():
    assert set(FOLDERS) == set(LAYOUTS)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_walks_come_to_their_places(layout):
    folder, place = FOLDERS[layout]
    write(f'raw/{folder}')
    found = prepare_gait('raw', 'walks', layout)
    assert found.walks == 1 and found.short_walks == [f'raw/{folder}']
    (path,) = Path('walks', place).iterdir()
    with path.open('rb') as file:
        frames = pickle.load(file)
    expected = np.stack([centred(body(height)) for height in (60, 50, 40)])
    np.testing.assert_array_equal(frames, expected)
    subject = place.split('/')[0]
    sets = dict(TRAIN_SET=[subject], TEST_SET=[])
    walks = DATASETS.build(
        dict(
            type='GaitDataset',
            data_root='walks',
            ann_file=sets,
            pipeline=[dict(type='LoadSequence'), dict(type='SilhouetteCut')],
        )
    )
    np.testing.assert_array_equal(walks[0]['sils'], expected[:, :, 10:54])


def test_what_shows_nobody_is_listed(capsys):
    write('raw/001/nm-01/000', heights=(60, 0, 40))
    write('raw/002/nm-01/000', heights=(0, 0, 0))
    assert main(['prepare-gait', 'raw', 'walks']) == 0
    said = capsys.readouterr().out
    assert said.startswith('written 1 walks to walks\n4 frames that show nobody:\n')
    assert '1 walks without a frame:\n  raw/002/nm-01/000' in said


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['raw', 'out', '--layout', 'casia'], "no layout 'casia'; did you mean"),
        (['nowhere', 'out'], 'the folder nowhere does not exist'),
        (['raw', 'raw'], 'name a folder beside it, e.g. /'),
        (['raw', 'raw/in/it'], 'raw/in/it is in raw, whose walks are read'),
        (['raw', 'out'], "raw holds no walk as layout 'casiab' has them"),
    ],
)
def test_mistakes_are_one_line(words, said, capsys):
    Path('raw').mkdir()
    assert main(['prepare-gait', *words]) == 1
    error = capsys.readouterr().err
    assert said in error and error.count('\n') == 1


def test_a_damaged_picture_is_named(capsys):
    write('raw/001/nm-01/000')
    Path('raw/001/nm-01/000/2.png').write_bytes(b'no picture')
    assert main(['prepare-gait', 'raw', 'walks']) == 1
    assert '001/nm-01/000/2.png is damaged' in capsys.readouterr().err
