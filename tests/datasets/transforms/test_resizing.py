from __future__ import annotations

import numpy as np
import pytest

from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS


def size_after(width: int, height: int, name: str, **kwargs) -> tuple[int, int]:
    results = TRANSFORMS.build(dict(type=name, **kwargs))(
        dict(img=np.zeros((height, width, 3), np.uint8))
    )
    assert results['img_shape'] == results['img'].shape[:2]
    return results['img'].shape[1::-1]


@pytest.mark.parametrize(
    ('kwargs', 'expected'),
    [
        (dict(scale=10), (10, 10)),
        (dict(scale=(10, 20)), (10, 20)),
        (dict(scale=[100, 60], keep_ratio=True), (80, 60)),
        (dict(scale=(60, 100), keep_ratio=True), (80, 60)),
        (dict(scale=(40, 1000), keep_ratio=True), (53, 40)),
        (dict(scale_factor=0.5), (20, 15)),
        (dict(scale_factor=(2.0, 1.5)), (80, 45)),
        (dict(scale_factor=0.001), (1, 1)),
    ],
)
@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_resize(kwargs: dict, expected: tuple, backend: str) -> None:
    assert size_after(40, 30, 'Resize', backend=backend, **kwargs) == expected


@pytest.mark.parametrize(
    ('edge', 'wide', 'high'),
    [
        ('short', (80, 60), (60, 80)),
        ('long', (60, 45), (45, 60)),
        ('width', (60, 45), (60, 80)),
        ('height', (80, 60), (45, 60)),
    ],
)
def test_resize_edge(edge: str, wide: tuple, high: tuple) -> None:
    assert size_after(40, 30, 'ResizeEdge', scale=60, edge=edge) == wide
    assert size_after(30, 40, 'ResizeEdge', scale=60, edge=edge) == high
    assert size_after(5, 5, 'ResizeEdge', scale=60, edge=edge) == (60, 60)


def test_resize_edge_of_thin_images() -> None:
    assert size_after(1000, 1, 'ResizeEdge', scale=4, edge='long') == (4, 1)
    assert size_after(1, 1, 'ResizeEdge', scale=4) == (4, 4)


@pytest.mark.parametrize(
    ('kwargs', 'expected'),
    [
        (dict(size=(50, 60)), (50, 60)),
        (dict(size=(10, 60)), (40, 60)),
        (dict(size_divisor=32), (64, 32)),
        (dict(pad_to_square=True), (40, 40)),
        (dict(pad_to_square=True, size_divisor=32), (64, 64)),
    ],
)
def test_pad(kwargs: dict, expected: tuple) -> None:
    assert size_after(40, 30, 'Pad', **kwargs) == expected


def test_pad_values() -> None:
    results = dict(img=np.zeros((2, 2, 3), np.uint8), gt_seg_map=np.zeros((2, 2), int))
    pad = TRANSFORMS.build(
        dict(type='Pad', size=(3, 2), pad_val=dict(img=(1, 2, 3), seg=9))
    )
    results = pad(results)
    assert results['img'][:, 2].tolist() == [[1, 2, 3]] * 2
    assert results['gt_seg_map'].tolist() == [[0, 0, 9]] * 2
    assert results['pad_shape'] == (2, 3, 3)


NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize(
    'scale', [(), [], (8,), (8, 4, 2), 0, -8, (8, -4), NAN, (8, INF), 8.0, '8', True]
)
def test_scales_that_are_none(scale) -> None:
    with pytest.raises(
        ValueError, match=r'scale must be \(width, height\) in pixels, or'
    ):
        TRANSFORMS.get('Resize')(scale=scale)
    with pytest.raises(ValueError, match='scale is the length of the edge in pixels'):
        TRANSFORMS.get('ResizeEdge')(scale=scale)
    with pytest.raises(
        ValueError, match=r'img_scale must be \(width, height\) in pixels'
    ):
        TRANSFORMS.get('Mosaic')(img_scale=scale)


@pytest.mark.parametrize(
    'factor', [(), (2.0,), (1, 2, 3), 0, 0.0, -1.0, NAN, INF, (1.0, NAN), '2', True]
)
def test_factors_that_are_none(factor) -> None:
    with pytest.raises(
        ValueError, match='scale_factor must be a factor on both sides, or'
    ):
        TRANSFORMS.get('Resize')(scale_factor=factor)


def test_numbers_of_numpy_are_sizes() -> None:
    edge, factor = np.int64(8), np.float32(0.5)
    assert size_after(40, 30, 'Resize', scale=(edge, 4)) == (8, 4)
    assert size_after(40, 30, 'Resize', scale_factor=factor) == (20, 15)


@pytest.mark.parametrize(
    ('name', 'kwargs'),
    [
        ('Resize', dict()),
        ('Resize', dict(scale=3, scale_factor=2.0)),
        ('ResizeEdge', dict(scale=3, edge='shorter')),
        ('Pad', dict()),
        ('Pad', dict(size=(1, 2), size_divisor=3)),
        ('Pad', dict(size=(1, 2), padding_mode='zero')),
        ('Pad', dict(size=(0, 2))),
        ('Pad', dict(size_divisor=0)),
        ('GaussianBlur', dict(radius=-1.0)),
    ],
)
def test_mistakes(name: str, kwargs: dict) -> None:
    with pytest.raises(ConfigError):
        TRANSFORMS.build(dict(type=name, **kwargs))
