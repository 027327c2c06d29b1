from __future__ import annotations

import copy
import pickle
import random

import numpy as np
import pytest

from mmlite.datasets.transforms import (
    BaseTransform,
    Compose,
    SampleRandom,
    rng_of,
)
from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS


@TRANSFORMS.register_module(force=True)
class AddNumber(BaseTransform):
    """A user's transform."""

    def __init__(self, number: int = 1) -> None:
        self.number = number

    def transform(self, results: dict) -> dict:
        return dict(results, x=results['x'] + self.number)


@TRANSFORMS.register_module(force=True)
def times(results: dict, factor: int = 2) -> dict:
    """A user's function."""
    return dict(results, x=results['x'] * factor)


def test_classes_functions_and_callables_in_a_row() -> None:
    run = Compose(
        [
            dict(type='AddNumber', number=3),
            dict(type='times'),
            dict(type=times, factor=5),
            lambda results: dict(results, y=0),
        ]
    )
    assert run(dict(x=1)) == dict(x=40, y=0)
    assert 'AddNumber(number=3)' in repr(run)
    nested = TRANSFORMS.build(dict(type='Compose', transforms=[dict(type='times')]))
    assert nested(dict(x=4)) == dict(x=8)
    assert pickle.loads(pickle.dumps(nested))(dict(x=4)) == dict(x=8)


def test_none_ends_the_row() -> None:
    def never(results: dict) -> dict:
        raise AssertionError

    assert Compose([lambda results: None, never])(dict(x=1)) is None
    assert Compose()(dict(x=1)) == dict(x=1)


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (
            dict(type='AddNumbr'),
            r"^1: unknown type 'AddNumbr'; did you mean 'AddNumber'",
        ),
        (dict(type='AddNumber', numbr=1), r"^1: .*did you mean 'number'"),
        (dict(type='times', factr=1), r"^1: times has no argument 'factr'; did you"),
        (dict(type='times', factor='x'), r'^1\.factor: times expects int'),
        (dict(number=1), r'^1: the key type is missing'),
        ('AddNumber', r"^1: expected a dict with a type, got 'AddNumber'"),
    ],
)
def test_a_mistake_has_its_place(cfg, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Compose([dict(type='times'), cfg])


def test_random_numbers_come_from_the_sample_or_from_the_module() -> None:
    assert rng_of(dict(rng=random.Random(3))).random() == random.Random(3).random()
    random.seed(5)
    expected = random.random()
    random.seed(5)
    assert rng_of(dict()).random() == expected


VIEWS = [[dict(type='RandomCrop', crop_size=8), dict(type='RandomFlip', prob=0.5)]]
PICTURE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)


def views_of(num_views, transforms=VIEWS, **fields) -> dict:
    step = TRANSFORMS.build(
        dict(type='MultiView', num_views=num_views, transforms=transforms)
    )
    return step(dict(dict(img=PICTURE, gt_label=3, rng=SampleRandom(0)), **fields))


def test_views_are_draws_of_their_own() -> None:
    views = views_of(4)['img']
    assert [view.shape for view in views] == [(8, 8, 3)] * 4
    for i, view in enumerate(views):
        assert all((view != other).any() for other in views[:i])
    for first, second in zip(views, views_of(4)['img'], strict=True):
        np.testing.assert_array_equal(first, second)


def test_views_of_several_pipelines_and_all_fields() -> None:
    small = [dict(type='CenterCrop', crop_size=4)]
    seg = PICTURE[..., 0].astype(np.int64)
    views = views_of([2, 1], [*VIEWS, small], gt_seg_map=seg)
    assert [view.shape for view in views['img']] == [(8, 8, 3)] * 2 + [(4, 4, 3)]
    assert views['img_shape'] == [(8, 8), (8, 8), (4, 4)]
    assert views['ori_shape'] == (16, 16) and views['gt_label'] == 3
    for image, labels in zip(views['img'], views['gt_seg_map'], strict=True):
        np.testing.assert_array_equal(image[..., 0], labels)
    packed = TRANSFORMS.build(dict(type='PackInputs'))(views)
    assert [view.shape[1:] for view in packed['inputs']] == views['img_shape']
    assert packed['data_samples'].img_shape == views['img_shape']


def test_every_view_has_its_size_though_a_step_moved_only_some() -> None:
    """Images of a user's own, which come without ``img_shape``."""
    wide = PICTURE[:4]
    views = views_of(8, [[dict(type='RandomFlip', prob=0.5)]], img=wide)
    assert 0 < sum((view == wide).all() for view in views['img']) < 8
    assert views['img_shape'] == [(4, 16)] * 8


def test_two_copies_of_a_sample_are_two_draws() -> None:
    sample = dict(img=PICTURE, rng=SampleRandom(0))
    crop = TRANSFORMS.build(dict(type='RandomCrop', crop_size=4))
    for copied in (copy.copy, copy.deepcopy):
        first, second = (crop(copied(sample))['img'] for _ in range(2))
        assert (first != second).any()
    fresh = pickle.loads(pickle.dumps(SampleRandom(5)))
    assert fresh.random() == random.Random(5).random()


def test_mistakes_in_views() -> None:
    assert views_of(2, [[lambda results: None]]) is None
    for options, match in (
        (dict(num_views=2, transforms=VIEWS[0]), r'expects Sequence\[Sequence\]'),
        (dict(num_views=[1, 2], transforms=VIEWS), 'for each of 1 pipelines'),
        (dict(num_views=0, transforms=VIEWS), '1 or more'),
    ):
        with pytest.raises(ConfigError, match=match):
            TRANSFORMS.build(dict(type='MultiView', **options))
    with pytest.raises(DataError, match='MultiView'):
        TRANSFORMS.build(dict(type='CenterCrop', crop_size=2))(views_of(2))


def each(*transforms, **arguments):
    given = dict(type='ApplyToList', scatter_key='x', transforms=transforms)
    return TRANSFORMS.build(dict(given, **arguments))


def test_steps_for_each_entry_of_a_list() -> None:
    def count(results):
        return dict(results, seen=results['x'] * 10, x=-results['x'])

    step = each(count, collate_keys=['seen'])
    sample = dict(x=[1, 2], name='a')
    assert step(sample) == dict(x=[-1, -2], seen=[10, 20], name='a')
    assert sample == dict(x=[1, 2], name='a')
    assert step(dict(x=3)) == dict(x=-3, seen=30)
    assert each(lambda results: None, collate_keys=[])(sample) is None


def test_a_list_that_cannot_be_collated() -> None:
    with pytest.raises(DataError, match='the field x has no entries'):
        each(collate_keys=[])(dict(x=[]))
    with pytest.raises(DataError, match="give no field 'y' .collate_keys., but ..x"):
        each(collate_keys=['y'])(dict(x=[1]))


def test_views_with_different_fields_are_refused():
    def mapped(results):
        return dict(results, gt_seg_map=results['img'][..., 0])

    for rows in ([[], [mapped]], [[mapped], []]):
        views = TRANSFORMS.build(
            dict(type='MultiView', num_views=[1, 1], transforms=rows)
        )
        with pytest.raises(DataError, match='gt_seg_map is in some of the views only'):
            views(dict(img=np.zeros((4, 4, 3), np.uint8)))
