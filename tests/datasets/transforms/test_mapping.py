"""Fields under other names, against mmcv 2.2.0 where the step is one of its own."""

import random

import numpy as np
import pytest

from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS


def build(kind, *transforms, **args):
    return TRANSFORMS.build(dict(type=kind, transforms=list(transforms), **args))


def tenfold(results):
    return dict(results, img=results['img'] * 10)


CASES = [  # what mmcv's KeyMapper gives for a sample dict(a=1, b=2)
    (dict(mapping=dict(img='a')), tenfold, dict(a=10, b=2)),
    (
        dict(mapping=dict(img='a'), remapping=dict(img='c')),
        tenfold,
        dict(a=1, b=2, c=10),
    ),
    (
        dict(mapping=dict(imgs=dict(x='a', y='b'))),
        lambda r: dict(r, imgs={k: v * 10 for k, v in r['imgs'].items()}),
        dict(a=10, b=20),
    ),
    (
        dict(mapping=dict(imgs=['a', 'b']), remapping=dict(imgs=['c', ...])),
        lambda r: dict(r, imgs=[v * 10 for v in r['imgs']]),
        dict(a=1, b=2, c=10),
    ),
    (
        dict(
            mapping=dict(b=..., img='missing'),
            remapping=dict(n='n'),
            allow_nonexist_keys=True,
        ),
        lambda r: dict(r, n=sorted(r)),
        dict(a=1, b=2, n=['a']),
    ),
    (dict(), lambda r: dict(r, c=3), dict(a=1, b=2, c=3)),
]


@pytest.mark.parametrize(('args', 'step', 'expected'), CASES)
def test_fields_are_renamed_and_renamed_back(args, step, expected):
    sample = dict(a=1, b=2)
    assert build('KeyMapper', step, **args)(sample) == expected
    assert sample == dict(a=1, b=2)


def test_without_steps_it_renames():
    step = TRANSFORMS.build(
        dict(type='KeyMapper', mapping=dict(x='a'), remapping=dict(x='b'))
    )
    assert step(dict(a=1)) == dict(a=1, b=1)


def test_without_a_remapping_all_is_given_back():
    step = build('KeyMapper', tenfold, mapping=dict(img='a'), auto_remap=False)
    assert step(dict(a=1, b=2)) == dict(a=1, b=2, img=10)


def test_a_sample_that_a_step_leaves_out():
    assert build('KeyMapper', lambda r: None)(dict(a=1)) is None
    nothing = build('TransformBroadcaster', lambda r: None, mapping=dict(img=['a']))
    assert nothing(dict(a=1)) is None


FLIP = dict(type='RandomFlip', prob=1.0)
PICTURE = np.arange(12).reshape(3, 4).astype(np.uint8)


def test_only_the_field_that_is_named_moves():
    step = build('KeyMapper', FLIP, mapping=dict(img='other'))
    found = step(dict(img=PICTURE, other=PICTURE))
    np.testing.assert_array_equal(found['img'], PICTURE)
    np.testing.assert_array_equal(found['other'], PICTURE[:, ::-1])


def test_boxes_that_would_stay_where_they_were():
    boxes = np.float32([[0, 0, 1, 1]])
    sample = dict(other=PICTURE, gt_bboxes=boxes)
    step = build('KeyMapper', FLIP, mapping=dict(img='other'))
    with pytest.raises(DataError, match=r'gt_bboxes, .* add gt_bboxes=.gt_bboxes. to'):
        step(sample)
    for gone, expected in ((..., [0, 0, 1, 1]), ('gt_bboxes', [3, 0, 4, 1])):
        step = build('KeyMapper', FLIP, mapping=dict(img='other', gt_bboxes=gone))
        assert step(sample)['gt_bboxes'].tolist() == [expected]


BROADCASTS = [  # what mmcv's TransformBroadcaster gives
    (dict(img=['a', 'b']), dict(a=1, b=2), dict(a=10, b=20)),
    (dict(img='a'), dict(a=[1, 2, 3]), dict(a=[10, 20, 30])),
    (
        dict(img=['a', 'b'], s=['s', ...]),
        dict(a=1, b=2, s=5),
        dict(a=10, b=20, s=6),
    ),
]


@pytest.mark.parametrize(('mapping', 'sample', 'expected'), BROADCASTS)
def test_each_entry_goes_through_the_steps(mapping, sample, expected):
    def step(results):
        return dict(img=results['img'] * 10, s=results.get('s', 0) + 1)

    found = build('TransformBroadcaster', step, mapping=mapping)(sample)
    assert found == expected


def test_without_a_mapping_every_list_is_gone_through():
    step = build('TransformBroadcaster', tenfold)
    found = step(dict(img=[1, 2], gt_label=7, name='x'))
    assert found == dict(img=[10, 20], gt_label=7, name='x')


def test_without_a_remapping_lists_are_given_back():
    step = build(
        'TransformBroadcaster', tenfold, mapping=dict(img=['a', 'b']), auto_remap=False
    )
    assert step(dict(a=1, b=2)) == dict(a=1, b=2, img=[10, 20])


@pytest.mark.parametrize(
    ('name', 'value'),
    [('gt_bboxes', np.float32([[0, 0, 1, 1]])), ('gt_seg_map', PICTURE)],
)
def test_what_is_no_list_would_stay_where_it_was(name, value):
    sample = {'img': [PICTURE, PICTURE], name: value}
    step = build('TransformBroadcaster', FLIP)
    with pytest.raises(DataError, match=rf'{name}, which is not .* make {name} a list'):
        step(sample)
    mapping = {'img': 'img', name: [..., ...]}
    for named in (step, build('TransformBroadcaster', FLIP, mapping=dict(img='img'))):
        with pytest.raises(DataError, match=f'change the field {name}, which is not'):
            named(sample)
    hidden = build('TransformBroadcaster', FLIP, mapping=mapping)(sample)
    assert hidden[name] is value
    found = step({'img': [PICTURE, PICTURE], name: [value, value]})
    once = TRANSFORMS.build(FLIP)({'img': PICTURE, name: value})
    assert not np.array_equal(once[name], value)
    for entry in range(2):
        np.testing.assert_array_equal(found['img'][entry], PICTURE[:, ::-1])
        np.testing.assert_array_equal(found[name][entry], once[name])


@pytest.mark.parametrize('with_rng', [True, False])
def test_one_draw_for_all_or_one_each(with_rng):
    crop = dict(type='RandomCrop', crop_size=2)
    picture = np.arange(10_000).reshape(100, 100)

    def corners(share):
        step = build(
            'TransformBroadcaster',
            crop,
            mapping=dict(img=['a', 'b', 'c']),
            share_random_params=share,
        )
        sample = dict(a=picture, b=picture, c=picture)
        if with_rng:
            sample['rng'] = random.Random(3)
        found = step(sample)
        return {int(found[name][0, 0]) for name in 'abc'}

    random.seed(3)
    assert len(corners(True)) == 1
    assert len(corners(False)) == 3


@pytest.mark.parametrize(
    ('kind', 'args', 'error', 'message'),
    [
        ('KeyMapper', dict(mapping=dict(img='b')), DataError, "no field 'b' .*'a'"),
        (
            'KeyMapper',
            dict(mapping=dict(img='a'), remapping=dict(img=['b', 'c'])),
            DataError,
            r"nothing for the remapping at 'img\.0', but a int",
        ),
        (
            'KeyMapper',
            dict(remapping=dict(image='a')),
            DataError,
            r"nothing for the remapping at 'image', but the keys \['a'\]",
        ),
        (
            'KeyMapper',
            dict(remapping=dict(a='b'), auto_remap=True),
            ConfigError,
            'remapping has no meaning with auto_remap=True',
        ),
        (
            'TransformBroadcaster',
            dict(mapping=dict(img='a')),
            DataError,
            'got img: no list',
        ),
        ('TransformBroadcaster', dict(), DataError, 'got none; name in mapping'),
        (
            'TransformBroadcaster',
            dict(mapping=dict(img=['a', 'a'], s=['a'])),
            DataError,
            'got img: 2 entries, s: 1 entries',
        ),
    ],
)
def test_mistakes(kind, args, error, message):
    with pytest.raises(error, match=message):
        build(kind, **args)(dict(a=1))
