"""Steps for pictures with boxes, and four pictures in one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mmlite.datasets import MultiImageMixDataset, SeededIndex, Shapes
from mmlite.errors import DataError
from mmlite.registry import TRANSFORMS


def build(name, **kwargs):
    return TRANSFORMS.build(dict(kwargs, type=name))


def picture(seed=0):
    """60x40 pixels, where the boxes are painted with their labels."""
    boxes = np.array([[2, 3, 20, 15], [30, 10, 58, 38], [5, 25, 12, 36]], np.float32)
    img = np.zeros((40, 60), np.uint8)
    for label, (x1, y1, x2, y2) in enumerate(boxes.astype(int)):
        img[y1:y2, x1:x2] = label + 1
    return dict(
        img=img,
        gt_bboxes=boxes,
        gt_bboxes_labels=np.arange(3),
        gt_ignore_flags=np.array([False, True, False]),
        rng=random.Random(seed),
    )


def boxes_are_where_they_are_painted(results, apart=0.0):
    for box, label in zip(
        results['gt_bboxes'], results['gt_bboxes_labels'], strict=True
    ):
        rows, columns = np.nonzero(results['img'] == label + 1)
        edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(box, edges, atol=apart)


def iou(box, window):
    """By counting pixels of a raster."""
    grid = np.zeros((2, 40, 60), bool)
    for mask, (x1, y1, x2, y2) in zip(grid, (box, window), strict=True):
        mask[int(y1) : int(y2), int(x1) : int(x2)] = True
    return (grid[0] & grid[1]).sum() / (grid[0] | grid[1]).sum()


@pytest.mark.parametrize('least', [0.1, 0.3])
def test_a_crop_overlaps_its_objects(least):
    """Objects whose centre is inside stay, each overlapped enough; others go."""
    before = picture()
    place = np.arange(2400, dtype=np.int32).reshape(40, 60)
    cut = 0
    for seed in range(40):
        crop = build('MinIoURandomCrop', min_ious=(least,))
        results = crop(picture(seed) | dict(gt_seg_map=place))
        boxes_are_where_they_are_painted(results)
        assert results['gt_ignore_flags'].tolist() == [
            i == 1 for i in results['gt_bboxes_labels']
        ]
        assert len(results['gt_bboxes']) >= 1
        y, x = divmod(int(results['gt_seg_map'][0, 0]), 60)
        tall, wide = results['img'].shape
        window = [x, y, x + wide, y + tall]
        for label, box in enumerate(before['gt_bboxes']):
            middle = (box[:2] + box[2:]) / 2
            inside = (middle > window[:2]).all() and (middle < window[2:]).all()
            assert (label in results['gt_bboxes_labels']) == inside
        cut += results['img'].shape != (40, 60)
    assert cut > 5


def test_every_object_of_a_crop_is_overlapped_by_as_much_as_is_asked():
    place = np.arange(2400, dtype=np.int32).reshape(40, 60)
    crop = build('MinIoURandomCrop', min_ious=(0.5,))
    one = picture()
    kept = np.array([1])
    for seed in range(30):
        sample = dict(
            img=one['img'],
            gt_bboxes=one['gt_bboxes'][kept],
            gt_bboxes_labels=kept,
            gt_seg_map=place,
            rng=Forced(seed),
        )
        results = crop(sample)
        y, x = divmod(int(results['gt_seg_map'][0, 0]), 60)
        tall, wide = results['img'].shape
        assert iou(one['gt_bboxes'][1], [x, y, x + wide, y + tall]) >= 0.5


class Forced(random.Random):
    """Draws the second of the three modes first: the overlap that is asked for."""

    first = True

    def random(self):
        if self.first:
            self.first = False
            return 0.5
        return super().random()


def test_a_crop_of_a_picture_without_objects():
    for seed in range(5):
        sample = picture(seed) | dict(gt_bboxes=np.zeros((0, 4)), gt_bboxes_labels=[])
        sample['gt_ignore_flags'] = []
        assert build('MinIoURandomCrop')(sample)['gt_bboxes'].shape == (0, 4)


def test_expanding_moves_boxes_and_fills_with_the_mean():
    for seed in range(5):
        expand = build('Expand', ratio_range=(1.5, 3), prob=1.0, mean=9)
        results = expand(picture(seed))
        boxes_are_where_they_are_painted(results)
        tall, wide = results['img'].shape
        assert 1.4 < tall / 40 < 3.1 and tall / 40 == pytest.approx(wide / 60, abs=0.05)
        assert (results['img'] == 9).sum() == tall * wide - 40 * 60
    assert build('Expand', prob=0.0)(picture())['img'].shape == (40, 60)


def test_distortion_stays_within_its_ranges():
    """Brightness and contrast alone, on grey: value x becomes (x + b) * c or so."""
    grey = np.full((4, 4), 100, np.uint8)
    values = []
    for seed in range(200):
        step = build('PhotoMetricDistortion')
        results = step(dict(img=grey, rng=random.Random(seed)))
        values.append(int(results['img'][0, 0]))
    assert min(values) >= 68 * 0.5 and max(values) <= 132 * 1.5
    assert len(set(values)) > 50
    assert values.count(100) > 20  # neither was drawn


def test_distortion_of_colours_keeps_what_it_should():
    """Hue and saturation leave the largest channel; the order is a permutation."""
    img = np.uint8([[[10, 60, 200]]])
    step = build('PhotoMetricDistortion', brightness_delta=0, contrast_range=(1, 1))
    found = {
        int(step(dict(img=img, rng=random.Random(i)))['img'].max()) for i in range(50)
    }
    assert found == {200}
    plain = build(
        'PhotoMetricDistortion',
        brightness_delta=0,
        contrast_range=(1, 1),
        saturation_range=(1, 1),
        hue_delta=0,
    )
    for seed in range(20):
        values = plain(dict(img=img, rng=random.Random(seed)))['img'].ravel()
        assert sorted(values.tolist()) == [10, 60, 200]


def test_one_of_several_sizes():
    step = build(
        'RandomChoiceResize', scales=[(30, 20), (90, 60)], interpolation='nearest'
    )
    shapes = set()
    for seed in range(20):
        results = step(picture(seed))
        boxes_are_where_they_are_painted(results, apart=1)
        shapes.add(results['img'].shape)
    assert shapes == {(20, 30), (60, 90)}


def test_small_boxes_are_left_out():
    keep = build('FilterAnnotations', min_gt_bbox_wh=(10, 12))
    results = keep(picture())
    assert results['gt_bboxes_labels'].tolist() == [0, 1]
    assert results['gt_ignore_flags'].tolist() == [False, True]
    assert (
        build('FilterAnnotations', min_gt_bbox_wh=(99, 9), keep_empty=False)(picture())
        is None
    )
    with pytest.raises(DataError, match='the sample has no gt_bboxes'):
        keep(dict(img=np.zeros((2, 2))))


@pytest.mark.parametrize('seed', range(8))
def test_four_pictures_in_one(seed):
    """What is painted in each is where its boxes say, unless it is cut off."""
    mix = build('Mosaic', img_scale=(60, 40), pad_val=99)
    first = picture(seed)
    others = []
    for place in (1, 2, 3):
        one = picture()
        one['img'] = np.where(one['img'], one['img'] + 3 * place, 0).astype(np.uint8)
        others.append(one | dict(gt_bboxes_labels=one['gt_bboxes_labels'] + 3 * place))
    results = mix(first | dict(mix_results=others))
    assert results['img'].shape == (80, 120)
    assert results['img_shape'] == (80, 120)
    boxes_are_where_they_are_painted(results)
    painted = set(np.unique(results['img'])) - {0, 99}
    assert painted == {label + 1 for label in results['gt_bboxes_labels']}
    assert len(results['gt_ignore_flags']) == len(results['gt_bboxes_labels'])


def test_what_a_mosaic_needs():
    with pytest.raises(DataError, match='MultiImageMixDataset'):
        build('Mosaic')(picture())
    others = [picture() for _ in range(3)]
    with pytest.raises(DataError, match='the field gt_seg_map cannot be mixed'):
        extra = dict(mix_results=others, gt_seg_map=np.zeros((40, 60), np.uint8))
        build('Mosaic')(picture() | extra)


def test_a_dataset_that_mixes():
    """The same index and seed give the same mosaic; labels keep their names."""
    inner = Shapes(num_train=6, pipeline=[])
    steps = [dict(type='Mosaic', img_scale=(64, 64)), dict(type='PackInputs')]
    mixed = MultiImageMixDataset(inner, steps)
    one, same, other = (mixed[SeededIndex(2, seed=s, epoch=0)] for s in (5, 5, 6))
    assert one['inputs'].shape == (3, 128, 128)
    assert one['inputs'].equal(same['inputs'])
    assert not one['inputs'].equal(other['inputs'])
    assert len(one['data_samples'].gt_bboxes) == len(
        one['data_samples'].gt_bboxes_labels
    )
    assert mixed.metainfo['classes'] == inner.CLASSES
    assert mixed.get_cat_ids(1) == inner.get_cat_ids(1)
    packed = Shapes(num_train=4, pipeline=[dict(type='PackInputs')])
    with pytest.raises(DataError, match='pack in the pipeline of MultiImageMix'):
        MultiImageMixDataset(packed, steps)[0]


def test_a_dataset_that_mixes_leaves_samples_out():
    inner = Shapes(num_train=4, pipeline=[])

    def odd(results):
        return results if results['sample_idx'] % 2 else None

    mixed = MultiImageMixDataset(inner, [odd])
    assert [mixed[i]['sample_idx'] for i in range(4)] == [1, 1, 3, 3]
    with pytest.raises(DataError, match='MultiImageMixDataset: 1001 samples in a row'):
        MultiImageMixDataset(inner, [lambda results: None])[0]
    few = MultiImageMixDataset(inner, [odd], max_refetch=0)
    assert few[1]['sample_idx'] == 1
    with pytest.raises(DataError, match=r': 1 samples .* up to number 2; check'):
        few[2]


def test_a_dataset_that_mixes_reads_when_it_is_asked_to():
    inner = dict(type='Shapes', num_train=4, pipeline=[], lazy_init=True)
    lazy = MultiImageMixDataset(inner, [], lazy_init=True)
    assert not lazy.dataset._fully_initialized
    assert MultiImageMixDataset(inner, []).dataset._fully_initialized
    assert len(lazy) == 4


@pytest.mark.parametrize(
    ('direction', 'wanted'),
    [
        ('horizontal', [540, 0, 640, 100]),
        ('vertical', [0, 380, 100, 480]),
        ('diagonal', [540, 380, 640, 480]),
    ],
)
def test_boxes_flip_at_the_edge_of_the_picture(direction, wanted):
    """x' = W - x and y' = H - y, ends swapped, without a pixel less."""
    sample = dict(
        img=np.zeros((480, 640), np.uint8),
        gt_bboxes=np.float32([[0, 0, 100, 100]]),
        gt_bboxes_labels=[0],
    )
    flip = build('RandomFlip', prob=1.0, direction=direction)
    assert flip(sample)['gt_bboxes'].tolist() == [wanted]


def test_boxes_and_their_picture_flip_alike():
    """Columns 10 to 19 of 64 become 44 to 53: x' = W - x, ends swapped."""
    img = np.zeros((8, 64), np.uint8)
    img[:, 10:20] = 1
    boxes = np.array([[10, 0, 20, 8]], np.float32)
    sample = dict(
        img=img, gt_bboxes=boxes, gt_bboxes_labels=[0], gt_ignore_flags=[True]
    )
    flip = build('RandomFlip', prob=1.0)
    results = flip(dict(sample))
    assert results['gt_bboxes'].tolist() == [[44, 0, 54, 8]]
    assert np.flatnonzero(results['img'][0]).tolist() == list(range(44, 54))
    assert boxes.tolist() == [[10, 0, 20, 8]]
    assert flip(dict(results))['gt_bboxes'].tolist() == [[10, 0, 20, 8]]


def test_resizing_has_a_factor_for_each_side():
    sample = dict(
        img=np.zeros((500, 333), np.uint8), gt_bboxes=np.float32([[0, 0, 333, 500]])
    )
    results = build('Resize', scale=(100, 1000), keep_ratio=True)(sample)
    assert results['img'].shape == (150, 100)
    assert results['scale_factor'] == pytest.approx((100 / 333, 0.3))
    np.testing.assert_allclose(results['gt_bboxes'], [[0, 0, 100, 150]], rtol=1e-6)
