"""Geometric transforms move every field; checked pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from mmlite.datasets.transforms.geometry import Window, crop, flip, image_size, pad
from mmlite.datasets.transforms.geometry import resize as resize_sample
from mmlite.errors import DataError


def marked(width: int = 11, height: int = 7) -> dict:
    """A sample whose fields all say the same: where a rectangle is."""
    x1, y1, x2, y2 = 2, 1, 6, 4
    img = np.zeros((height, width, 3), np.uint8)
    img[y1:y2, x1:x2] = 200
    return dict(
        img=img,
        gt_seg_map=(img[..., 0] > 0).astype(np.int64),
        gt_bboxes=np.array([[x1, y1, x2, y2]], np.float32),
        gt_bboxes_labels=np.array([5]),
    )


def box_of(mask: np.ndarray) -> list[int]:
    rows, columns = np.nonzero(mask)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def check(sample: dict) -> None:
    assert sample['gt_bboxes'].tolist() == [box_of(sample['img'][..., 0] > 100)]
    np.testing.assert_array_equal(sample['gt_seg_map'] == 1, sample['img'][..., 0] > 0)
    assert sample['gt_bboxes_labels'].tolist() == [5]


@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_flip(direction: str) -> None:
    sample, before = marked(), marked()['img']
    flip(sample, direction)
    check(sample)
    height, width = before.shape[:2]
    for y in range(height):
        for x in range(width):
            source_x = x if direction == 'vertical' else width - 1 - x
            source_y = y if direction == 'horizontal' else height - 1 - y
            assert (sample['img'][y, x] == before[source_y, source_x]).all()


def test_flip_twice_is_nothing() -> None:
    sample = marked()
    for _ in range(2):
        flip(sample, 'diagonal')
    np.testing.assert_array_equal(sample['img'], marked()['img'])


@pytest.mark.parametrize('window', [(0, 0, 11, 7), (3, 2, 5, 4), (1, 1, 2, 1)])
def test_crop(window: tuple) -> None:
    sample = marked()
    crop(sample, Window(*window))
    assert sample['img_shape'] == (window[3], window[2]) == sample['img'].shape[:2]
    check(sample)


def test_a_box_outside_goes_with_its_label() -> None:
    sample = marked()
    sample['gt_bboxes'] = np.array([[0, 0, 2, 2], [4, 4, 9, 7]], np.float32)
    sample['gt_bboxes_labels'] = [3, 4]
    crop(sample, Window(5, 3, 6, 4))
    assert sample['gt_bboxes'].tolist() == [[0, 1, 4, 4]]
    assert sample['gt_bboxes_labels'].tolist() == [4]


@pytest.mark.parametrize('mode', ['constant', 'edge', 'reflect', 'symmetric'])
def test_pad(mode: str) -> None:
    sample, before = marked(), marked()['img']
    pad(sample, (3, 1, 0, 2), {'img': 9} if mode == 'constant' else None, mode)
    around = ((1, 2), (3, 0), (0, 0))
    extra = {'constant_values': 9} if mode == 'constant' else {}
    np.testing.assert_array_equal(sample['img'], np.pad(before, around, mode, **extra))
    assert sample['gt_bboxes'].tolist() == [[5, 2, 9, 5]]
    assert sample['img_shape'] == (10, 14)
    if mode == 'constant':
        assert sample['gt_seg_map'][0, 0] == 255


def test_resize() -> None:
    sample = marked()
    resize_sample(sample, (22, 21), 'nearest')
    check(sample)
    assert sample['scale_factor'] == (2.0, 3.0)
    assert sample['img_shape'] == (21, 22) and sample['scale'] == (22, 21)


def test_labels_are_never_mixed() -> None:
    rng = np.random.RandomState(0)
    labels = rng.choice([3, 200], (7, 11))
    sample = dict(img=np.zeros((7, 11), np.uint8), gt_seg_map=labels)
    resize_sample(sample, (5, 13), 'bicubic')
    expected = [[labels[y * 7 // 13, x * 11 // 5] for x in range(5)] for y in range(13)]
    assert sample['gt_seg_map'].tolist() == expected


def test_disparity_grows_with_the_width_and_has_no_mirror_image() -> None:
    disparity = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    sample = dict(img=np.zeros((2, 2), np.uint8), gt_disparity=disparity)
    resize_sample(sample, (6, 2), 'bilinear')
    assert sample['gt_disparity'].tolist() == [
        [3, 3, 3, 6, 6, 6],
        [9, 9, 9, 12, 12, 12],
    ]
    assert sample['gt_disparity'].dtype == np.float32
    flip(sample, 'vertical')
    assert sample['gt_disparity'][0, 0] == 9
    whole = dict(sample, gt_disparity=np.uint16([[3, 5, 0, 0, 0, 0], [7] * 6]))
    resize_sample(whole, (3, 2))
    assert whole['gt_disparity'].tolist() == [[1.5, 0, 0], [3.5] * 3]
    with pytest.raises(DataError, match="direction='vertical'"):
        flip(sample, 'horizontal')


def test_a_sample_without_image_is_refused() -> None:
    with pytest.raises(DataError, match='LoadImageFromFile'):
        image_size(dict(img_path='a.png'))


def test_a_field_of_another_size_is_said_with_the_file() -> None:
    """Height and width of the map are those of the image, but swapped."""
    sample = dict(
        ref_img_path='left/7.png',
        ref_img=np.zeros((4, 6, 3), np.uint8),
        gt_disparity=np.zeros((6, 4), np.float32),
    )
    message = r'^left/7\.png: the field gt_disparity is 4x6 .* but the image is 6x4'
    with pytest.raises(DataError, match=message):
        flip(sample, 'horizontal')
