"""Sizes that are drawn, against mmcv 2.2.0's figures where one is given."""

import random

import numpy as np
import pytest

from mmlite.config import load_config
from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS

IMAGE = (np.arange(43 * 64 * 3).reshape(43, 64, 3) % 251).astype(np.uint8)
BOXES = np.float32([[-3, 2, 30, 20], [10, 5, 70, 40]])


def build(kind, **args):
    return TRANSFORMS.build(dict(type=kind, **args))


@pytest.mark.parametrize(
    ('keep_ratio', 'clip', 'shape', 'total', 'boxes'),
    [
        (False, True, (56, 93), 1946709, [[0, 43.5938], [14.5312, 93]]),
        (False, False, (56, 93), 1946709, [[-4.3594, 43.5938], [14.5312, 101.7188]]),
        (True, True, (56, 83), 1737607, [[0, 38.9062], [12.9688, 83]]),
        (True, False, (56, 83), 1737607, [[-3.8906, 38.9062], [12.9688, 90.7812]]),
    ],
)
def test_one_factor_as_mmcv(keep_ratio, clip, shape, total, boxes):
    args = dict(keep_ratio=keep_ratio, clip_object_border=clip)
    step = build('RandomResize', scale=(133, 80), ratio_range=(0.7, 0.7), **args)
    found = step(dict(img=IMAGE, gt_bboxes=BOXES.copy()))
    assert found['img'].shape == (*shape, 3)
    assert int(found['img'].sum()) == total
    np.testing.assert_allclose(found['gt_bboxes'][:, 0::2], boxes, atol=1e-4)
    rows = [[2.6047, 26.0465], [6.5116, 52.0930]]
    np.testing.assert_allclose(found['gt_bboxes'][:, 1::2], rows, atol=1e-4)


@pytest.mark.parametrize(
    ('kind', 'args'),
    [
        ('RandomResize', dict(scale=[(50, 30), (50, 30)])),
        ('RandomChoiceResize', dict(scales=[(50, 30)])),
    ],
)
def test_the_shape_is_kept_as_mmcv_keeps_it(kind, args):
    found = build(kind, keep_ratio=True, **args)(dict(img=IMAGE))
    assert found['img'].shape == (30, 45, 3)


def drawn(step):
    for seed in range(60):
        found = step(dict(img=IMAGE, rng=random.Random(seed)))
        yield found['img'].shape[1::-1]


def test_width_and_height_lie_between_two_sizes():
    step = build('RandomResize', scale=[(12, 8), (10, 9)])
    assert set(drawn(step)) == {(w, h) for w in (10, 11, 12) for h in (8, 9)}


def test_one_factor_for_both_edges():
    step = build('RandomResize', scale=[20, 10], ratio_range=[0.5, 2.0])
    sizes = set(drawn(step))
    assert len(sizes) > 10
    assert all(10 <= w <= 40 and w // 2 == h for w, h in sizes)


def test_a_step_of_ones_own():
    @TRANSFORMS.register_module(force=True)
    class Enlarge:
        def __init__(self, scale, by):
            self.scale, self.by = scale, by

        def __call__(self, results):
            return dict(results, size=[edge * self.by for edge in self.scale])

    step = build('RandomChoiceResize', scales=[(3, 4)], resize_type='Enlarge', by=2)
    assert step(dict(img=IMAGE))['size'] == [6, 8]
    assert step.resize.scale == (3, 4)


@pytest.mark.parametrize(
    ('scales', 'sizes'),
    [
        ((8, 4), {(8, 4)}),  # as in mmcv: a tuple is one size, a list is several
        ([8, 4], {(8, 8), (4, 4)}),
        ([6, (8, 4)], {(6, 6), (8, 4)}),
        (((8, 4), (2, 3)), {(8, 4), (2, 3)}),
        (5, {(5, 5)}),
    ],
)
def test_one_size_or_several(scales, sizes):
    assert set(drawn(build('RandomChoiceResize', scales=scales))) == sizes


@pytest.mark.parametrize('scale', [(), (8,), (8, 4, 2), 0, -8, (8, 0), 'ab', 8.0, True])
def test_what_is_no_size(scale):
    with pytest.raises(ValueError, match=r'scales\[1\] must be \(width, height\)'):
        TRANSFORMS.get('RandomChoiceResize')(scales=[8, scale])


def test_no_size():
    with pytest.raises(
        ConfigError, match='scales must have at least one size, got none'
    ):
        build('RandomChoiceResize', scales=[])


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (
            dict(scale=(8, 4)),
            'ratio_range must be the least and the largest .* got None',
        ),
        (dict(scale=(8, 4), ratio_range=(2, 1)), r'got \(2, 1\)'),
        (dict(scale=(8, 4), ratio_range=(0, 1)), r'got \(0, 1\)'),
        (
            dict(scale=[(8, 4)]),
            r'scale must be \(width, height\), or the least and the largest one',
        ),
        (dict(scale=[(8, 4), (8, 0)]), 'scale must be'),
        (dict(scale=[(8, 4), (9, 5)], ratio_range=(1, 2)), 'no meaning with two sizes'),
        (
            dict(scale=(8, 4), ratio_range=(1, 2), keep=1),
            "Resize has no argument 'keep'",
        ),
        (dict(scale=(8, 4), ratio_range=(1, 2), resize_type='Resiz'), "mean 'Resize'"),
    ],
)
def test_mistakes(args, message):
    with pytest.raises(ConfigError, match=message):
        build('RandomResize', **args)


def test_lists_without_tuples_as_json_and_yaml_have_them(tmp_path) -> None:
    path = tmp_path / 'sizes.json'
    path.write_text('{"two": [30, 20], "one": [[30, 20]], "pair": [[8, 4], [30, 20]]}')
    cfg = load_config(path)
    assert build('RandomChoiceResize', scales=cfg.two).scales == [(30, 30), (20, 20)]
    assert build('RandomChoiceResize', scales=cfg.one).scales == [(30, 20)]
    assert build('RandomChoiceResize', scales=(30, 20)).scales == [(30, 20)]
    assert build('Resize', scale=cfg.two).scale == (30, 20)
    padded = build('Pad', size=cfg.two)(dict(img=np.zeros((9, 9))))
    assert padded['img'].shape == (20, 30)
    between = build('RandomResize', scale=cfg.pair)
    same = build('RandomResize', scale=[(8, 4), (30, 20)])
    assert list(drawn(between)) == list(drawn(same))
