"""Trees of walks: what is read, and what is refused in one line."""

import json
import os
import pickle
import random

import cv2
import numpy as np
import pytest
from support.oversized import write_oversized_png

from mmlite.datasets import GaitDataset, PKSampler
from mmlite.datasets.transforms.sequence_files import (
    read_array,
    read_grey,
    read_pictures,
)
from mmlite.errors import DataError, DataNotFoundError
from mmlite.registry import DATASETS, TRANSFORMS

LOAD = [dict(type='LoadSequence')]


def frames(count, width=44, first=1):
    """Frames whose number is their grey value."""
    numbers = np.arange(first, first + count, dtype=np.uint8)
    return np.repeat(numbers, 64 * width).reshape(count, 64, width)


def write(subject, kind='nm-01', view='090', array=None, name='090.pkl'):
    folder = f'walks/{subject}/{kind}/{view}'
    os.makedirs(folder, exist_ok=True)
    array = frames(5) if array is None else array
    path = f'{folder}/{name}'
    if name.endswith('.pkl'):
        with open(path, 'wb') as file:
            pickle.dump(array, file)
    elif name.endswith('.npz'):
        np.savez(path, array)
    else:
        np.save(path, array)
    return path


def build(train=('001', '002'), test=('003',), **kwargs):
    sets = dict(TRAIN_SET=list(train), TEST_SET=list(test))
    return DATASETS.build(
        dict(
            dict(type='GaitDataset', data_root='walks', ann_file=sets, pipeline=LOAD),
            **kwargs,
        )
    )


def message_of(call):
    with pytest.raises(DataError) as caught:
        call()
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_samples_labels_and_what_is_known_of_them():
    for subject in ('002', '001', '003'):
        for kind in ('nm-01', 'bg-01'):
            write(subject, kind, '018')
    walks = build()
    assert len(walks) == 4 and walks.CLASSES == ('001', '002')
    info = walks.get_data_info(3)
    known = (info['subject'], info['type'], info['view'], info['gt_label'])
    assert known == ('002', 'nm-01', '018', 1)
    np.testing.assert_array_equal(walks[3]['sils'], frames(5))
    assert walks.get_gt_labels().tolist() == [0, 0, 1, 1]
    test = build(split='test')
    assert len(test) == 2 and test.test_mode and test.get_data_info(0)['gt_label'] == 0


@pytest.mark.parametrize('name', ['a.pkl', 'a.npy', 'a.npz'])
@pytest.mark.parametrize('protocol', [2, 5])
def test_files_of_arrays(name, protocol, monkeypatch):
    monkeypatch.setattr(pickle, 'DEFAULT_PROTOCOL', protocol)
    for subject in ('001', '002'):
        write(subject, name=name)
    np.testing.assert_array_equal(build()[0]['sils'], frames(5))


@pytest.mark.parametrize(
    'names',
    [('1.png', '2.png', '10.png'), tuple(f'001-nm-01-090-{i}.png' for i in (1, 2, 10))],
)
def test_pictures_are_in_natural_order(names):
    os.makedirs('walks/001/nm-01/090')
    for grey, name in zip((10, 20, 200), names, strict=True):
        cv2.imwrite(f'walks/001/nm-01/090/{name}', np.full((64, 44), grey, np.uint8))
    read = build(['001'])[0]['sils']
    assert read[:, 0, 0].tolist() == [10, 20, 200]


def test_masks_of_0_and_1_are_those_of_0_and_255():
    mask = np.random.default_rng(0).random((4, 64, 44)) > 0.5
    for subject, array in (
        ('001', mask.astype(np.uint8)),
        ('002', mask.astype(np.uint8) * 255),
        ('003', mask),
        ('004', mask.astype(np.float32)),
    ):
        write(subject, array=array)
    walks = build(['001', '002', '003', '004'])
    for place in range(4):
        read = walks[place]['sils']
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, mask * np.uint8(255))


def test_grey_values_of_16_bits_and_what_is_none(tmp_path):
    deep = frames(5).astype(np.uint16) * 256 + 7
    np.save(tmp_path / 'deep.npy', deep)
    np.save(tmp_path / 'odd.npy', frames(5).astype(np.int32) - 9)
    load = TRANSFORMS.build(LOAD[0])
    loaded = load(dict(seq_paths=[str(tmp_path / 'deep.npy')]))['sils']
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, frames(5))
    with pytest.raises(
        DataError, match=r'odd.npy: silhouettes must lie in \[0, 255\], got -8'
    ):
        load(dict(seq_paths=[str(tmp_path / 'odd.npy')]))


def test_a_walk_that_shows_nobody_is_named_once(capsys):
    black = frames(5) * 0
    late = black.copy()
    late[4, 0, 0] = 1  # of a mask
    paths = [
        write('001', array=black),
        write('002', array=late),
        write('003', array=black.astype(float), name='090.npy'),
    ]
    walks = build(['001', '002', '003'])
    capsys.readouterr()
    for place in (0, 1, 2, 0, 2):
        walks[place]
    said = capsys.readouterr().out.splitlines()
    assert ['shows nobody' in line for line in said] == [True, True]
    assert paths[0] in said[0] and paths[2] in said[1]


def test_several_modalities_and_which_are_in_use():
    write('001', name='0_heatmap.pkl', array=np.ones((5, 2, 64, 44), np.uint8))
    write('001', name='1_sil.pkl')
    step = dict(type='LoadSequence', keys=('heatmaps', 'sils'))
    sample = build(['001'], pipeline=[step])[0]
    assert sample['heatmaps'].shape == (5, 64, 44, 2)
    for use in ([False, True], [1]):
        only = dict(type='LoadSequence', data_in_use=use)
        read = build(['001'], pipeline=[only])[0]['sils']
        np.testing.assert_array_equal(read, frames(5))
    message = message_of(lambda: build(['001'])[0])
    assert 'keys names 1 modalities (sils), but there are 2 files' in message


def test_walks_kept_in_memory_are_the_same():
    for subject in ('001', '002'):
        write(subject, array=frames(5, first=int(subject)))
    kept = build(cache=True, indices=[1])
    os.rename('walks', 'gone')
    np.testing.assert_array_equal(kept[0]['sils'], frames(5, first=2))


def test_nothing_in_a_pickle_is_executed():
    class Trap:
        def __reduce__(self):
            return os.system, ('touch trapped',)

    os.makedirs('walks/001/nm-01/090')
    with open('walks/001/nm-01/090/a.pkl', 'wb') as file:
        pickle.dump(Trap(), file)
    message = message_of(lambda: build(['001'])[0])
    assert 'a.pkl' in message and 'nothing was executed' in message
    assert not os.path.exists('trapped')


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b'', 'is damaged or holds no array'),
        (pickle.dumps(frames(5))[:200], 'is damaged or holds no array'),
        (pickle.dumps([1, 2]), 'holds one array with the frames first, got list'),
        (pickle.dumps(np.zeros((0, 64, 44), np.uint8)), 'the sequence has no frame'),
        (pickle.dumps(np.zeros((64, 44), np.uint8)), 'frames are (S, H, W)'),
    ],
)
def test_files_that_hold_no_walk(content, said):
    os.makedirs('walks/001/nm-01/090')
    with open('walks/001/nm-01/090/a.pkl', 'wb') as file:
        file.write(content)
    message = message_of(lambda: build(['001'])[0])
    assert said in message and 'walks/001/nm-01/090/a.pkl' in message


def test_modalities_of_several_lengths():
    write('001', name='a.pkl', array=frames(5))
    write('001', name='b.pkl', array=frames(4))
    step = dict(type='LoadSequence', keys=('sils', 'heatmaps'))
    message = message_of(lambda: build(['001'], pipeline=[step])[0])
    assert 'one number of frames, got a.pkl 5, b.pkl 4' in message


def test_an_empty_split_and_absent_places():
    write('001')
    said = 'none of the 1 identities of TEST_SET has a walk in walks, which holds 001'
    assert said in message_of(lambda: build(split='test'))
    with pytest.raises(DataNotFoundError, match='the folder nowhere does not exist'):
        build(data_root='nowhere')
    with pytest.raises(DataNotFoundError, match=r'partition file .*a.json does not'):
        build(ann_file='a.json')
    with open('walks/b.json', 'w') as file:
        json.dump(dict(TRAIN=['001']), file)
    assert 'TRAIN_SET and TEST_SET' in message_of(lambda: build(ann_file='b.json'))


def test_a_partition_with_probes():
    write('001')
    sets = dict(TRAIN_SET=['001'], TEST_SET=[], PROBE_SET=['001-nm-01-090'])
    assert build(ann_file=sets).metainfo['probe_set'] == ('001-nm-01-090',)


def test_identities_that_are_absent_are_reported(monkeypatch):
    said = []
    monkeypatch.setattr(
        'mmlite.datasets.gait.print_log', lambda text, *_: said.append(text)
    )
    write('001')
    build()
    assert said == [
        'GaitDataset: 1 of the 2 identities of TRAIN_SET have no walk in walks, '
        'e.g. 002'
    ]


def chosen(length, **kwargs):
    step = TRANSFORMS.build(dict(kwargs, type='SampleFrames'))
    rng = random.Random(0)
    for _ in range(20):
        found = step(dict(sils=frames(length, first=0), rng=rng))['sils'][:, 0, 0]
        yield found.astype(int).tolist()


@pytest.mark.parametrize('length', [1, 9, 10, 11, 30])
@pytest.mark.parametrize('skip', [0, 10])
def test_ordered_frames_follow_each_other(length, skip):
    options = dict(frames_num_fixed=10, frames_skip_num=skip)
    for found in chosen(length, sample_type='fixed_ordered', **options):
        assert len(found) == 10 and found == sorted(found)
        assert set(found) <= set(range(length))
        if skip == 0 and length >= 10:
            assert found == list(range(found[0], found[0] + 10))
        if length <= 10 and not skip:
            assert set(found) == set(range(length))
        assert found[-1] - found[0] < 10 + skip


def test_unordered_frames_are_drawn_once_each_where_there_are_enough():
    for found in chosen(10, sample_type='fixed_unordered', frames_num_fixed=10):
        assert sorted(found) == list(range(10))
    seen = list(chosen(3, sample_type='fixed_unordered', frames_num_fixed=10))
    assert all(len(found) == 10 and set(found) <= {0, 1, 2} for found in seen)


def test_numbers_of_frames_that_are_drawn():
    options = dict(frames_num_min=2, frames_num_max=4)
    for kind in ('unfixed_unordered', 'unfixed_ordered'):
        lengths = {len(found) for found in chosen(9, sample_type=kind, **options)}
        assert lengths == {2, 3, 4}


def test_all_frames_or_the_first_ones():
    assert next(chosen(5, sample_type='all_ordered')) == [0, 1, 2, 3, 4]
    found = next(chosen(5, sample_type='all_ordered', frames_all_limit=2))
    assert found == [0, 1]


def test_modalities_keep_together():
    step = TRANSFORMS.build(
        dict(type='SampleFrames', sample_type='fixed_unordered', frames_num_fixed=4)
    )
    maps = frames(9)[..., None]
    found = step(dict(sils=frames(9), heatmaps=maps, rng=random.Random(0)))
    np.testing.assert_array_equal(found['sils'], found['heatmaps'][..., 0])


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (dict(sample_type='fixed_allordered'), 'did you mean'),
        (dict(sample_type='fixed_ordered'), 'fixed_ordered needs frames_num_fixed'),
        (
            dict(sample_type='unfixed_ordered', frames_num_min=4, frames_num_max=2),
            'frames_num_min=4 is above frames_num_max=2',
        ),
        (
            dict(sample_type='fixed_ordered', frames_num_fixed=4, frames_skip_num=-1),
            'frames_skip_num must be at least 0, got -1',
        ),
        (
            dict(sample_type='all_ordered', frames_all_limit=-1),
            'frames_all_limit must be at least 0, got -1',
        ),
    ],
)
def test_sample_types_that_are_none(options, said):
    with pytest.raises(Exception, match=said):
        TRANSFORMS.build(dict(options, type='SampleFrames'))


@pytest.mark.parametrize(
    ('size', 'width'),
    [((64, 64), 44), ((64, 44), 44), ((128, 128), 88), ((128, 88), 88)],
)
def test_sides_are_cut_once(size, width):
    frame = np.arange(size[1], dtype=np.uint8) * np.ones((2, size[0], 1), np.uint8)
    cut = TRANSFORMS.build(dict(type='SilhouetteCut'))(dict(sils=frame))['sils']
    assert cut.shape[2] == width
    side = (size[1] - width) // 2
    np.testing.assert_array_equal(cut, frame[:, :, side : side + width])


def test_another_width_is_named():
    cut = TRANSFORMS.build(dict(type='SilhouetteCut'))
    said = message_of(lambda: cut(dict(sils=frames(2, width=50))))
    assert 'frames are 64x64 or 64x44' in said and 'got 64x50' in said


def test_all_frames_are_turned_alike():
    block = np.zeros((64, 44), np.uint8)
    block[10:54, 12:20] = 255
    for kind in ('RandomRotate', 'RandomPerspective'):
        step = TRANSFORMS.build(dict(type=kind, prob=1.0))
        sample = dict(sils=np.stack([block] * 3), rng=random.Random(1))
        found = step(sample)['sils']
        assert (found[0] == found[1]).all() and (found[0] == found[2]).all()
        assert (found[0] != block).any()


def test_a_turn_is_about_the_centre():
    frame = np.zeros((65, 45), np.uint8)
    frame[32, 22] = 255
    step = TRANSFORMS.build(dict(type='RandomRotate', prob=1.0, degree=180))
    found = step(dict(sils=frame[None], rng=random.Random(0)))['sils'][0]
    assert found[32, 22] == 255 and found.sum() == 255


def test_a_batch_stays_whole_where_an_identity_has_one_walk():
    write('001')
    for number in range(6):
        write('002', f'nm-0{number}')
    walks = build()
    sampler = PKSampler(walks, num_identities=2, num_instances=4, seed=0)
    for epoch in range(20):
        sampler.set_epoch(epoch)
        for batch in sampler:
            labels = [walks.get_data_info(i)['gt_label'] for i in batch]
            assert sorted(labels) == [0] * 4 + [1] * 4


def test_the_base_is_what_is_exported():
    assert DATASETS.get('GaitDataset') is GaitDataset


def test_frames_and_lists_that_are_none(tmp_path):
    write('001')
    for odd in (np.zeros((3, 4, 4), complex), np.zeros((3, 4, 4), 'M8[s]')):
        path = write('002', array=odd, name='090.npy')
        with pytest.raises(DataError, match='holds one array with the frames first'):
            read_array(path)
    write_oversized_png(tmp_path / '1.png', kind=0)
    with pytest.raises(DataError, match=r'1.png is damaged or not a picture'):
        read_pictures(str(tmp_path))
    with pytest.raises(DataError, match='null is a device, not a file$'):
        read_grey(os.devnull)
    (tmp_path / 'deep.json').write_text('[' * 100_000)
    with pytest.raises(DataError, match='deep.json is nested too deep'):
        GaitDataset(data_root='walks', ann_file=str(tmp_path / 'deep.json'))
