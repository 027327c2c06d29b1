"""Embeddings of walks, and how far they are from each other."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlite.apis import inferencer_of
from mmlite.apis.class_activation import _map_of
from mmlite.apis.cli import main
from mmlite.apis.inferencers import Source
from mmlite.datasets.walkers import draw_walk
from mmlite.engine import save_checkpoint
from mmlite.errors import DataError, UserError

ROOT = Path(__file__).parents[3]
CONFIG = str(ROOT / 'configs/gait/gaitbase_tiny_1xb32-400i_walkers.py')


@pytest.fixture
def predict(recwarn):
    return inferencer_of(CONFIG)


def write_pictures(folder, walk):
    Path(folder).mkdir(parents=True)
    for number, frame in enumerate(walk):
        cv2.imwrite(f'{folder}/{number}.png', frame)


def test_files_folders_and_arrays_are_the_same_walk(predict):
    walk = draw_walk(0, num_frames=12)
    np.save('walk.npy', walk)
    np.save('mask.npy', walk > 0)
    write_pictures('pictures', walk)
    found = predict([walk, 'walk.npy', 'mask.npy', 'pictures'], batch_size=3)
    assert [p.name for p in found] == ['array_0', 'walk.npy', 'mask.npy', 'pictures']
    assert found[0].embedding.shape == (32, 16)
    assert 'distance' not in found[0]
    for other in found[1:]:
        assert other['distance'] == pytest.approx(0, abs=1e-3)
    assert found[0].plot().shape[2] == 3


def test_silhouettes_of_any_size_are_centred(predict):
    walk = draw_walk(1, num_frames=6)
    large = np.pad(walk, ((0, 0), (11, 9), (30, 40)))
    (first, second, other) = predict([walk, large, draw_walk(2, num_frames=6)])
    assert second['distance'] < other['distance']


def test_a_folder_of_walks(predict):
    for name in ('b/2', 'a/10'):
        write_pictures(f'walks/{name}', draw_walk(0, num_frames=3))
    assert [p.name for p in predict('walks')] == ['walks/a/10', 'walks/b/2']


def test_the_command_compares_two(capsys, predict):
    save_checkpoint(dict(state_dict=predict.model.state_dict()), 'model.pth')
    for number in (0, 1):
        np.save(f'{number}.npy', draw_walk(number, num_frames=4))
    words = ['predict', CONFIG, 'model.pth', '0.npy', '1.npy', '--out', 'found.json']
    assert main([*words, '--show-dir', 'drawn']) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert last == 'written   2 pictures in drawn, predictions in found.json'
    assert first == '0.npy: embedding (32, 16)'
    assert second.startswith('1.npy: embedding (32, 16), ')
    assert second.endswith(' from 0.npy')
    rows = json.loads(Path('found.json').read_text())
    assert np.shape(rows[0]['pred_embedding']) == (32, 16)
    assert rows[1]['compared_with'] == '0.npy'
    assert len(list(Path('drawn').iterdir())) == 2


@pytest.mark.parametrize(
    ('inputs', 'said'),
    [
        ('nowhere', 'there is no walk nowhere'),
        ('empty', 'empty holds no walk'),
        ('text.txt', 'text.txt is not a walk: name a folder of pictures'),
        (np.zeros((4, 4)), r'is an array \(S, H, W\), got \(4, 4\)'),
        (np.zeros((2, 90, 70), np.uint8), 'none of 2 frames shows anybody'),
        (np.zeros((2, 64, 44), np.uint8), 'none of 2 frames shows anybody'),
        ([], 'there is no walk to predict on'),
    ],
)
def test_what_is_no_walk(inputs, said, predict):
    Path('empty').mkdir()
    Path('text.txt').write_text('')
    with pytest.raises(DataError, match=said):
        predict(inputs)


@pytest.mark.parametrize(
    ('name', 'content', 'said'),
    [
        ('a.npy', None, '; leave it out with on_error'),
        ('b/1.png', b'', 'not a picture; replace or remove it, or leave it out with'),
        ('c.npy', b'', 'make it again, or leave it out with'),
    ],
)
def test_what_is_advised_of_a_walk_that_cannot_be_read(predict, name, content, said):
    """One sentence, whether the reader has advised something or not."""
    Path('b').mkdir()
    if content is None:
        np.save(name, np.zeros((2, 64, 44), np.uint8))
    else:
        Path(name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        predict(name.partition('/')[0])
    assert said in str(caught.value) and str(caught.value).count(';') == 1


def test_photographs_are_no_silhouettes(predict):
    rng = np.random.default_rng(0)
    photo = cv2.resize(rng.integers(0, 256, (6, 6, 3), np.uint8), (44, 64))
    write_pictures('photos', [photo] * 3)
    with pytest.raises(DataError, match='photos: expected silhouettes, white people'):
        predict('photos')
    red = [np.stack([0 * f, 0 * f, f], -1) for f in draw_walk(0, num_frames=3)]
    write_pictures('red', red)
    (found, white) = predict(['red', draw_walk(0, num_frames=3)])
    assert white['distance'] == pytest.approx(0, abs=1e-3)


def test_there_is_no_map_of_a_walk(predict):
    with pytest.raises(UserError, match='this model takes walks of many frames'):
        _map_of(predict, Source('walk', 'walk'), 'grad-cam', None, None)
