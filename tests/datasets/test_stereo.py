"""Stereo datasets find their pairs."""

import json
import re

import numpy as np
import pytest

from mmlite.datasets import default_collate
from mmlite.datasets.stereo_scenes import render_scene
from mmlite.datasets.transforms import encode_disparity
from mmlite.errors import DataError, DataNotFoundError
from mmlite.registry import DATASETS
from mmlite.visualization import write_image

LOAD = [
    dict(type='LoadImageFromFile', keys=['ref_img', 'tgt_img']),
    dict(type='LoadDisparity'),
    dict(type='PackInputs', input_key=['ref_img', 'tgt_img']),
]


def make(root, *names):
    """Files of 4x6 pixels: pictures, and disparities of 2 px."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if re.search('disp', name):
            disparity = np.full((4, 6), 2, np.float32)
            path.write_bytes(encode_disparity(disparity, name))
        else:
            write_image(np.full((4, 6, 3), 7, np.uint8), path)


def paths(dataset, root):
    found = []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        found.append(
            {
                key: value.removeprefix(f'{root}/')
                for key, value in info.items()
                if key.endswith('_path')
            }
        )
    return found


LAYOUTS = {
    'StereoDataset': [
        dict(
            ref_img_path='left/a/1.png',
            tgt_img_path='right/a/1.png',
            disparity_path='disparity/a/1.pfm',
        )
    ],
    'SceneFlow': [
        dict(
            ref_img_path='Fly/frames_cleanpass/TRAIN/A/0000/left/0006.png',
            tgt_img_path='Fly/frames_cleanpass/TRAIN/A/0000/right/0006.png',
            disparity_path='Fly/disparity/TRAIN/A/0000/left/0006.pfm',
            disparity_tgt_path='Fly/disparity/TRAIN/A/0000/right/0006.pfm',
        )
    ],
    'KITTI2012': [
        dict(
            ref_img_path='training/colored_0/000000_10.png',
            tgt_img_path='training/colored_1/000000_10.png',
            disparity_path='training/disp_occ/000000_10.png',
            noc_path='training/disp_noc/000000_10.png',
        )
    ],
    'KITTI2015': [
        dict(
            ref_img_path='training/image_2/000000_10.png',
            tgt_img_path='training/image_3/000000_10.png',
            disparity_path='training/disp_occ_0/000000_10.png',
            noc_path='training/disp_noc_0/000000_10.png',
        )
    ],
    'MiddleburyStereo': [
        dict(
            ref_img_path='trainingH/Adirondack/im0.png',
            tgt_img_path='trainingH/Adirondack/im1.png',
            disparity_path='trainingH/Adirondack/disp0GT.pfm',
        )
    ],
    'ETH3D': [
        dict(
            ref_img_path='two_view_training/forest/im0.png',
            tgt_img_path='two_view_training/forest/im1.png',
            disparity_path='two_view_training_gt/forest/disp0GT.pfm',
        )
    ],
    'DrivingStereo': [
        dict(
            ref_img_path='train-left-image/2018/1.png',
            tgt_img_path='train-right-image/2018/1.png',
            disparity_path='train-disparity-map/2018/1.png',
        )
    ],
}


@pytest.mark.parametrize('name', LAYOUTS)
def test_pairs_in_folders(name, tmp_path):
    expected = LAYOUTS[name]
    make(tmp_path, *(path for sample in expected for path in sample.values()))
    cfg = dict(type=name, data_root=str(tmp_path), pipeline=LOAD)
    dataset = DATASETS.build(cfg)
    assert paths(dataset, tmp_path) == expected
    batch = default_collate([dataset[0]])
    assert batch['inputs']['ref_img'][0].shape == (3, 4, 6)
    assert (batch['data_samples'][0].gt_disparity == 2).all()


@pytest.mark.parametrize('name', LAYOUTS)
def test_an_empty_folder_is_an_error_that_says_what_belongs_there(name, tmp_path):
    with pytest.raises(DataNotFoundError, match='there are no pairs in .*; it has'):
        DATASETS.build(dict(type=name, data_root=str(tmp_path)))


def test_a_view_without_a_counterpart_is_named(tmp_path):
    make(tmp_path, 'left/1.png')
    with pytest.raises(DataError, match=r'left/1\.png has no right view'):
        DATASETS.build(dict(type='StereoDataset', data_root=str(tmp_path)))


def test_lists(tmp_path):
    """Blanks between paths; tabs where paths have blanks; JSON."""
    lines = ['l.png r.png disp.pfm', 'my l.png\tr.png\tdisp.pfm\tdisp r.pfm']
    (tmp_path / 'a.txt').write_text('\n'.join(lines) + '\n\n')
    keys = ('ref_img_path', 'tgt_img_path', 'disparity_path', 'disparity_tgt_path')
    rows = [lines[0].split(), lines[1].split('\t')]
    expected = [dict(zip(keys, row, strict=False)) for row in rows]
    (tmp_path / 'a.json').write_text(json.dumps(dict(metainfo={}, data_list=expected)))
    for file in ('a.txt', 'a.json'):
        dataset = DATASETS.build(
            dict(type='StereoDataset', ann_file=file, data_root=str(tmp_path))
        )
        assert paths(dataset, tmp_path) == expected


def test_a_line_with_one_path_is_named(tmp_path):
    (tmp_path / 'a.txt').write_text('l.png r.png\nl.png\n')
    with pytest.raises(DataError, match=r'a\.txt:2: expected "left right disparity"'):
        DATASETS.build(
            dict(type='StereoDataset', ann_file='a.txt', data_root=str(tmp_path))
        )


def test_the_test_of_sceneflow_is_apart(tmp_path):
    for split in ('TRAIN', 'TEST'):
        base = f'frames_finalpass/{split}/A/0000'
        make(tmp_path, f'{base}/left/0006.png', f'{base}/right/0006.png')
    dataset = DATASETS.build(
        dict(
            type='SceneFlow',
            data_root=str(tmp_path),
            split='test',
            render='finalpass',
        )
    )
    (sample,) = paths(dataset, tmp_path)
    assert 'TEST' in sample['ref_img_path']


def test_calibration_of_middlebury(tmp_path):
    make(tmp_path, 'a/im0.png', 'a/im1.png')
    text = 'cam0=[994.978 0 311.193; 0 994.978 254.877; 0 0 1]\ndoffs=31.086\n'
    (tmp_path / 'a/calib.txt').write_text(text + 'baseline=193.001\n')
    dataset = DATASETS.build(dict(type='MiddleburyStereo', data_root=str(tmp_path)))
    info = dataset.get_data_info(0)
    assert info['focal_length'] == 994.978 and info['baseline'] == 193.001
    assert info['disparity_offset'] == 31.086


@pytest.mark.parametrize('view', ['ref', 'tgt'])
def test_views_of_a_scene_agree_where_nothing_is_occluded(view):
    """Each pixel is found again where its disparity says, between the pixels."""
    seen, hidden_errors = [], []
    for number in range(4):
        scene = render_scene(number, (48, 96), 24)
        own, other = (
            scene[f'{view}_img'],
            scene[f'{"tgt" if view == "ref" else "ref"}_img'],
        )
        suffix = '' if view == 'ref' else '_tgt'
        disparity = scene[f'gt_disparity{suffix}']
        hidden = scene[f'gt_occlusion{suffix}'] > 0
        rows, columns = np.mgrid[:48, :96]
        at = columns + (disparity if view == 'tgt' else -disparity)
        first = np.floor(at).astype(int).clip(0, 94)
        share = (at - first)[..., None]
        found = other[rows, first] * (1 - share) + other[rows, first + 1] * share
        error = np.abs(found - own).mean(axis=-1)
        seen.append(error[~hidden].mean())
        hidden_errors.append(error[hidden].mean())
        assert 0 < disparity.min() and disparity.max() < 24
    assert np.mean(seen) < 6  # grey levels, what is lost between pixels
    assert np.mean(hidden_errors) > 5 * np.mean(seen)


def test_scenes_follow_from_their_number():
    one, same, other = (render_scene(n, (16, 32), 8, 2, 2.0) for n in (3, 3, 4))
    for name, value in one.items():
        np.testing.assert_array_equal(value, same[name])
    assert (one['ref_img'] != other['ref_img']).any()
    splits = [
        DATASETS.build(dict(type='StereoScenes', split=split, num_scenes=1))
        for split in ('train', 'test')
    ]
    first, second = (d.get_data_info(0)['ref_img'] for d in splits)
    assert (first != second).any()
