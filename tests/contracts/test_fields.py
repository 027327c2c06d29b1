"""Every geometric transform moves every kind of field, or names it."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from contracts.tiny import NEITHER, PHOTOMETRIC, STEPS, arguments_of, names_of

from mmlite.datasets.transforms import (
    BoxField,
    CompanionField,
    DisparityField,
    ImageField,
    MapField,
    SequenceField,
    ValidField,
)
from mmlite.datasets.transforms import fields as kinds
from mmlite.errors import DataError
from mmlite.registry import TRANSFORMS

MOVING = [n for n in names_of('transforms') if n not in (*PHOTOMETRIC, *NEITHER)]
for_each_move = pytest.mark.parametrize('name', MOVING)
for_each_change = pytest.mark.parametrize('name', PHOTOMETRIC)
for_each_seed = pytest.mark.parametrize('seed', [0, 1, 2])

WIDTH, HEIGHT = 47, 33
PIXELS = np.random.default_rng(0).integers(1, 256, (HEIGHT, WIDTH), np.uint8)
COLOURS = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
MIRRORED = ('horizontal', 'diagonal')
CROPPING = (
    'EfficientNetCenterCrop',
    'EfficientNetRandomCrop',
    'MAERandomResizedCrop',
    'RandomResizedCrop',
)
SCALING = (
    *('RandomChoiceResize', 'RandomResize', 'RandomStereoScale'),
    *('Resize', 'ResizeEdge'),
    *CROPPING,
)
WARPING = ('RandomAffine', 'RandomRotate', 'Rotate', 'Shear', 'Translate')


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch):
    monkeypatch.setattr(kinds, 'FIELDS', kinds.FIELDS.copy())
    for module in ('geometry', 'formatting', 'batch_transform', 'sequences'):
        path = f'mmlite.datasets.transforms.{module}.FIELDS'
        monkeypatch.setattr(path, kinds.FIELDS)


def build(name, **changes):
    args = {**arguments_of(name, STEPS, 'STEPS'), **changes}
    if name in (*SCALING, *WARPING):
        args['interpolation'] = 'nearest'
    if name in WARPING:
        args['pad_val'] = 0
    return TRANSFORMS.build(dict(args, type=name))


def run(step, seed, **fields):
    return step(dict(fields, rng=random.Random(seed), sample_idx=0, epoch=seed))


def moved_alone(name, seed, img):
    """What a step makes of an image, which is tested pixel by pixel elsewhere."""
    return run(build(name), seed, img=img)


@for_each_move
@for_each_seed
@pytest.mark.parametrize('kind', [ImageField(), MapField(), ValidField()])
def test_pixels_move_with_the_image(name, seed, kind):
    kinds.register_field('other', kind)
    result = run(build(name), seed, img=COLOURS, other=PIXELS)
    np.testing.assert_array_equal(
        result['other'], moved_alone(name, seed, PIXELS)['img']
    )
    assert result['img'].shape[:2] == result['other'].shape


@for_each_move
@for_each_seed
def test_the_frames_of_a_sequence_move_alike(name, seed):
    frames = np.stack([PIXELS, PIXELS[::-1], PIXELS // 2])
    result = run(build(name), seed, img=PIXELS, sils=frames)['sils']
    for frame, before in zip(result, frames, strict=True):
        np.testing.assert_array_equal(frame, moved_alone(name, seed, before)['img'])
    alone = run(build(name), seed, sils=np.stack([COLOURS, COLOURS]))
    expected = moved_alone(name, seed, COLOURS)
    if 'img_shape' in expected:
        assert alone['img_shape'] == expected['img_shape']
    for frame in alone['sils']:
        np.testing.assert_array_equal(frame, expected['img'])
    none = run(build(name), seed, sils=PIXELS[None][:0])['sils']
    assert none.shape == (0, *expected['img'].shape[:2])


@for_each_move
@for_each_seed
def test_disparity_moves_and_scales(name, seed):
    disparity = PIXELS.astype(np.float32)
    step = build(name)
    expected = moved_alone(name, seed, disparity)
    if expected.get('flip_direction') in MIRRORED:
        with pytest.raises(DataError, match='the field gt_disparity: .*SwapFlip'):
            run(step, seed, img=COLOURS, gt_disparity=disparity)
        return
    if name in ('RandomAffine', 'RandomRotate', 'Rotate', 'Shear'):
        with pytest.raises(DataError, match='gt_disparity: .*rectified'):
            run(step, seed, img=COLOURS, gt_disparity=disparity)
        return
    ratio = expected['scale_factor'][0] if name in SCALING else 1
    result = run(step, seed, img=COLOURS, gt_disparity=disparity)['gt_disparity']
    np.testing.assert_allclose(result, expected['img'] * ratio, rtol=1e-6)


@for_each_move
@pytest.mark.parametrize('seed', range(6))
def test_boxes_move_with_what_belongs_to_them(name, seed):
    corners = [(3, 2, 9, 8), (20, 12, 41, 30), (40, 1, 46, 7), (5, 24, 11, 31)]
    masks = np.zeros((4, HEIGHT, WIDTH), np.uint8)
    for mask, (x1, y1, x2, y2) in zip(masks, corners, strict=True):
        mask[y1:y2, x1:x2] = 1
    result = run(
        build(name),
        seed,
        img=masks.max(axis=0),
        gt_bboxes=np.array(corners, np.float32),
        gt_bboxes_labels=np.arange(4),
        gt_area=[10, 11, 12, 13],
        gt_ignore_flags=np.array([False, True, False, True]),
        gt_masks=masks,
    )
    moved = [moved_alone(name, seed, mask)['img'] for mask in masks]
    seen = [place for place, mask in enumerate(moved) if mask.any()]
    labels = result['gt_bboxes_labels'].tolist()
    assert set(seen) <= set(labels)  # a sliver can fall between the pixels
    assert list(result['gt_area']) == [10 + place for place in labels]
    assert list(result['gt_ignore_flags']) == [place % 2 == 1 for place in labels]
    assert len(result['gt_bboxes']) == len(result['gt_masks']) == len(labels)
    for box, mask, place in zip(
        result['gt_bboxes'], result['gt_masks'], labels, strict=True
    ):
        np.testing.assert_array_equal(mask, moved[place])
        if mask.any():
            rows, columns = np.nonzero(mask)
            edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            apart = 1.5 if name in (*SCALING, *WARPING) else 0
            np.testing.assert_allclose(box, edges, atol=apart)


@for_each_move
@pytest.mark.parametrize(
    'empty', [[], np.zeros(0), np.zeros((0, 4), np.float32), np.zeros((0, 0)), [[]]]
)
def test_no_boxes_of_any_shape(name, empty):
    for seed in range(3):
        result = run(
            build(name),
            seed,
            img=COLOURS,
            gt_bboxes=empty,
            gt_bboxes_labels=np.zeros(0, np.int64),
            gt_masks=np.zeros((0, HEIGHT, WIDTH)),
        )
        assert np.asarray(result['gt_bboxes']).size == 0
        assert len(result['gt_bboxes_labels']) == len(result['gt_masks']) == 0


def refusal_of(name, **fields):
    """The error of a step that may do nothing with some seeds."""
    for seed in range(8):
        try:
            run(build(name), seed, **fields)
        except DataError as error:
            return str(error)
    return f'{name} refused nothing'


@for_each_move
def test_a_field_without_a_kind_is_refused_by_name(name):
    for value in (PIXELS, PIXELS.tolist(), torch.zeros(HEIGHT, WIDTH), [PIXELS]):
        error = refusal_of(name, img=COLOURS, heat=value)
        assert "register_field('heat', " in error
    kinds.register_field('heat', kinds.FixedField())
    assert run(build(name), 0, img=COLOURS, heat=PIXELS)['heat'] is PIXELS


@for_each_move
def test_a_field_of_another_size_is_refused_by_name(name):
    error = refusal_of(name, img=COLOURS, gt_seg_map=PIXELS[:16, :16])
    assert 'the field gt_seg_map is 16x16' in error and '47x33' in error


@for_each_move
def test_what_does_not_fit_its_kind_is_refused_by_name(name):
    for field, value in (
        ('img', [COLOURS, COLOURS]),
        ('img', np.stack([COLOURS, COLOURS])),
        ('ref_img', torch.zeros(3, HEIGHT, WIDTH)),
        ('sils', PIXELS),
        ('sils', [PIXELS, PIXELS]),
        ('gt_bboxes', np.zeros((3, 5))),
        ('gt_bboxes', [np.zeros((2, 4)), np.zeros((1, 4))]),
    ):
        error = refusal_of(name, **dict(dict(img=COLOURS), **{field: value}))
        assert f'the field {field}: expected' in error, (field, error)


@for_each_move
def test_a_pair_of_views_moves_together_or_is_refused(name):
    before = dict(ref_img=COLOURS, tgt_img=COLOURS[::-1].copy())
    for seed in range(4):
        expected = [moved_alone(name, seed, view)['img'] for view in before.values()]
        if moved_alone(name, seed, COLOURS).get('flip_direction') in MIRRORED:
            with pytest.raises(DataError, match='ref_img and tgt_img are two views'):
                run(build(name), seed, **before)
            continue
        result = run(build(name), seed, **before)
        np.testing.assert_array_equal(result['ref_img'], expected[0])
        np.testing.assert_array_equal(result['tgt_img'], expected[1])


@for_each_change
def test_all_images_are_changed_with_one_draw_and_maps_are_not(name):
    for seed in range(3):
        result = run(
            build(name),
            seed,
            ref_img=COLOURS,
            tgt_img=COLOURS,
            sils=np.stack([COLOURS, COLOURS]),
            gt_disparity=PIXELS,
            gt_bboxes=np.zeros((1, 4)),
        )
        expected = run(build(name), seed, img=COLOURS)['img']
        for image in (result['ref_img'], result['tgt_img'], *result['sils']):
            np.testing.assert_array_equal(image, expected)
        assert result['gt_disparity'] is PIXELS


@for_each_change
def test_a_change_refuses_a_field_without_a_kind_by_name(name):
    assert "register_field('right', " in refusal_of(
        name, img=COLOURS, right=COLOURS.copy()
    )


def test_views_can_be_changed_one_each():
    step = build('ColorJitter', asymmetric_prob=1.0)
    result = run(step, 0, ref_img=COLOURS, tgt_img=COLOURS)
    assert (result['ref_img'] != result['tgt_img']).any()
    with pytest.raises(ValueError, match='asymmetric_prob'):
        build('ColorJitter', asymmetric_prob=2)


def test_a_crop_refuses_what_may_belong_to_a_dropped_box():
    boxes = np.array([[0, 0, 2, 2], [20, 12, 30, 20]], np.float32)
    fields = dict(img=COLOURS, gt_bboxes=boxes, areas=[4, 80])
    assert "register_field('areas', CompanionField('gt_bboxes'))" in refusal_of(
        'CenterCrop', **fields
    )
    kinds.register_field('areas', CompanionField())
    assert run(build('CenterCrop'), 0, **fields)['areas'].tolist() == [80]
    fields['areas'] = [4]
    assert 'the field areas has 1 entries for 2 boxes' in refusal_of(
        'CenterCrop', **fields
    )


def test_only_kinds_can_be_entered():
    with pytest.raises(TypeError, match=r'expected an instance of Field'):
        kinds.register_field('depth', MapField)
    for kind in (BoxField(), DisparityField(), SequenceField(MapField())):
        kinds.register_field('depth', kind)
        assert kinds.FIELDS['depth'] is kind


class Points(kinds.Field):
    """A kind that says how it is mirrored, and nothing else."""

    def flip(self, value, direction, size):
        return value


@for_each_move
def test_what_an_own_kind_does_not_say_is_an_error(name):
    kinds.register_field('points', Points())
    points = np.zeros((2, 2))
    if 'Flip' in name:
        assert run(build(name), 0, img=COLOURS, points=points)['points'] is points
        return
    error = refusal_of(name, img=COLOURS, points=points)
    assert 'the field points: this kind of field cannot be' in error


@pytest.mark.parametrize('name', ['ElasticDistortion', 'RandomPerspective'])
def test_steps_of_images_alone_refuse_an_own_kind(name):
    kinds.register_field('points', Points())
    step = build(name, prob=1.0)
    with pytest.raises(DataError, match=f'{name} .*not the field points'):
        run(step, 0, sils=np.stack([PIXELS]), points=np.zeros((2, 2)))


def test_frames_are_cut_and_chosen_with_all_that_belongs_to_them():
    kinds.register_field('parsing', SequenceField())
    kinds.register_field('cut_outs', SequenceField(belongs_to='gt_bboxes'))
    frames = np.zeros((4, 64, 64), np.uint8)
    cut = build('SilhouetteCut')
    with pytest.raises(DataError, match='not the field parsing; add it to keys'):
        run(cut, 0, sils=frames, parsing=frames)
    fields = dict(sils=frames, parsing=frames, cut_outs=frames[:3])
    chosen = run(build('SampleFrames'), 0, **fields)
    assert [len(chosen[name]) for name in fields] == [2, 2, 3]


def test_mosaic_refuses_what_only_some_samples_have():
    sample = dict(img=COLOURS, gt_bboxes=np.ones((1, 4)), gt_area=[1.0])
    others = [dict(sample, img=COLOURS.copy()) for _ in range(3)]
    del others[1]['gt_area']
    with pytest.raises(DataError, match='gt_area is in some of the samples only'):
        run(build('Mosaic', prob=1.0), 0, **sample, mix_results=others)
    kinds.register_field('points', Points())
    others = [dict(sample, points=np.zeros((2, 2))) for _ in range(4)]
    with pytest.raises(DataError, match=r'points: .* cannot be resized'):
        run(build('Mosaic', prob=1.0), 0, **others[0], mix_results=others[1:])


def test_no_labels_have_the_type_of_labels():
    pack = TRANSFORMS.build(dict(type='PackInputs'))
    fields = dict(gt_bboxes=[], gt_bboxes_labels=[], gt_ignore_flags=[])
    sample = pack(dict(img=COLOURS, **fields))['data_samples']
    assert sample.gt_bboxes.shape == (0, 4)
    assert sample.gt_bboxes_labels.dtype == torch.int64
    assert sample.gt_ignore_flags.dtype == torch.bool
