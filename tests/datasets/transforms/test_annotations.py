"""Annotations become fields."""

from __future__ import annotations

import numpy as np
import pytest

from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS

IMG = np.zeros((8, 10, 3), np.uint8)
INSTANCES = [
    dict(
        bbox=[1, 2, 5, 6], bbox_label=3, ignore_flag=0, mask=[[1, 2, 4, 2, 4, 5, 1, 5]]
    ),
    dict(bbox=[0, 0, 2, 2], bbox_label=1, ignore_flag=1, mask=np.eye(8, 10)),
]


def load(sample: dict, **options) -> dict:
    step = TRANSFORMS.build(dict(type='LoadAnnotations', **options))
    return step(dict(dict(img=IMG), **sample))


def test_instances_become_boxes_labels_and_masks() -> None:
    sample = load(dict(instances=INSTANCES), with_mask=True)
    assert sample['gt_bboxes'].tolist() == [[1, 2, 5, 6], [0, 0, 2, 2]]
    assert sample['gt_bboxes'].dtype == np.float32
    assert sample['gt_bboxes_labels'].tolist() == [3, 1]
    assert sample['gt_ignore_flags'].tolist() == [False, True]
    rows, columns = np.nonzero(sample['gt_masks'][0])  # the corners are inside
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (1, 2, 4, 5)
    assert sample['gt_masks'][0].sum() == 4 * 4
    np.testing.assert_array_equal(sample['gt_masks'][1], np.eye(8, 10))


def test_an_image_without_instances() -> None:
    sample = load(dict(instances=[]), with_mask=True)
    assert sample['gt_bboxes'].shape == (0, 4)
    assert sample['gt_bboxes_labels'].shape == sample['gt_ignore_flags'].shape == (0,)
    assert sample['gt_masks'].shape == (0, 8, 10)


def test_a_map_keeps_the_indices_of_its_palette(tmp_path) -> None:
    image = pytest.importorskip('PIL.Image')
    classes = np.arange(80).astype(np.uint8).reshape(8, 10)
    picture = image.fromarray(classes, mode='P')
    picture.putpalette([255 - i // 3 for i in range(768)])
    picture.save(tmp_path / 'map.png')
    options = dict(with_bbox=False, with_label=False, with_seg=True)
    sample = load(dict(seg_map_path=str(tmp_path / 'map.png')), **options)
    np.testing.assert_array_equal(sample['gt_seg_map'], classes)
    picture.convert('RGB').save(tmp_path / 'colours.png')
    (tmp_path / 'text.png').write_text('no image')
    for name, match in (
        ('colours.png', r'an image \(8, 10, 3\); expected a map'),
        ('text.png', 'no image; expected a map'),
        ('absent.png', 'cannot read the map'),
    ):
        with pytest.raises(DataError, match=match):
            load(dict(seg_map_path=str(tmp_path / name)), **options)
    with pytest.raises(DataError, match='no seg_map_path'):
        load({}, **options)


def test_what_is_wrong_is_named() -> None:
    for sample, match in (
        (dict(), 'no instances'),
        (dict(instances=[dict(bbox=[1, 2, 3], bbox_label=0)]), 'instance 0 has bbox='),
        (dict(instances=[dict(bbox=[1, 2, 3, 4])]), 'instance 0 has bbox_label=None'),
        (dict(instances=[], flip=True), 'moved already'),
        (dict(instances=[], img_shape=(4, 4), ori_shape=(8, 8)), 'moved already'),
    ):
        with pytest.raises(DataError, match=match):
            load(sample)
    with pytest.raises(DataError, match='mask of instance 0 .*NoneType'):
        load(dict(instances=[dict(bbox=[1, 2, 3, 4], bbox_label=0)]), with_mask=True)
    with pytest.raises(ConfigError, match='one of with_bbox'):
        load({}, with_bbox=False, with_label=False)
