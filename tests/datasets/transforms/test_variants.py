"""Several variants of a sample for one prediction."""

from __future__ import annotations

import numpy as np
import pytest

from mmlite.datasets.transforms import TestTimeAug
from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS

TestTimeAug.__test__ = False  # it is no test


def test_time_augmentation_makes_every_combination() -> None:
    numbers = [lambda r, n=n: dict(r, x=r['x'] + n) for n in (1, 2)]
    factors = [lambda r, f=f: dict(r, x=r['x'] * f) for f in (1, 10, 100)]
    tta = TRANSFORMS.build(dict(type='TestTimeAug', transforms=[numbers, factors]))
    sample = dict(x=0)
    assert tta(sample) == dict(x=[1, 10, 100, 2, 20, 200])
    assert sample == dict(x=0)


def test_time_augmentation_with_images() -> None:
    flips = [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)]
    tta = TestTimeAug([flips, [dict(type='PackInputs')]])
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    packed = tta(dict(img=image, gt_label=1))
    plain, mirrored = packed['inputs']
    assert plain.flip(-1).tolist() == mirrored.tolist()
    assert [s.flip for s in packed['data_samples']] == [False, True]
    nothing = TestTimeAug([[lambda results: None]])
    assert nothing(dict(x=1)) is None


def test_time_augmentation_mistakes() -> None:
    for transforms, message in (
        ([], 'one or more alternatives'),
        ([dict(type='PackInputs')], r'^transforms: .*expects Sequence\[Sequence\]'),
        ([[dict(type='PackInput')]], r"^transforms\.0\.0: .*'PackInputs'"),
    ):
        with pytest.raises(ConfigError, match=message):
            TRANSFORMS.build(dict(type='TestTimeAug', transforms=transforms))


IMAGE = (np.arange(43 * 64 * 3).reshape(43, 64, 3) % 251).astype(np.uint8)
PACK = dict(type='PackInputs', meta_keys=('scale_factor', 'flip', 'flip_direction'))


def several_scales(**args) -> list:
    """What mmcv's step gave: shape, first pixel and meta information of each."""
    step = dict(type='MultiScaleFlipAug', transforms=[PACK], **args)
    packed = TRANSFORMS.build(step)(dict(img=IMAGE))
    return [
        (*x.shape[1:], x[:, 0, 0].tolist(), s.flip, s.flip_direction, s.scale_factor)
        for x, s in zip(packed['inputs'], packed['data_samples'], strict=True)
    ]


def test_several_scales_mirrored_as_mmcv() -> None:
    large, small = (45 / 64, 30 / 43), (20 / 64, 13 / 43)
    assert several_scales(
        scales=[(50, 30), (20, 20)],
        allow_flip=True,
        flip_direction=['horizontal', 'vertical'],
    ) == [
        (30, 45, [42, 43, 44], False, None, large),
        (30, 45, [176, 177, 177], True, 'horizontal', large),
        (30, 45, [45, 46, 47], True, 'vertical', large),
        (13, 20, [186, 187, 188], False, None, small),
        (13, 20, [117, 119, 119], True, 'horizontal', small),
        (13, 20, [103, 104, 105], True, 'vertical', small),
    ]


SQUARES = [(32, 32), (48, 48), (64, 64)]


@pytest.mark.parametrize(
    ('args', 'sizes'),
    [
        (dict(scale_factor=[0.5, 2.0]), [(22, 32), (86, 128)]),
        (dict(scale_factor=2), [(86, 128)]),
        (dict(), [(43, 64)]),
        (dict(scales=(50, 30)), [(30, 45)]),
        (dict(scales=[(50, 30)], resize_cfg=dict(type='Resize')), [(30, 50)]),
        # A list is several sizes, as in mmcv: squares of 50 and of 30 pixels.
        (dict(scales=[50, 30], resize_cfg=dict(type='Resize')), [(50, 50), (30, 30)]),
        (dict(scales=[32, 48, 64], resize_cfg=dict(type='Resize')), SQUARES),
        (dict(scales=40, resize_cfg=dict(type='Resize')), [(40, 40)]),
    ],
)
def test_the_size_of_one_or_several_scales(args, sizes) -> None:
    assert [row[:2] for row in several_scales(**args)] == sizes


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (dict(scales=(4, 4), scale_factor=2.0), 'one of scales and scale_factor'),
        (dict(scales=[]), 'scales must have at least one size, got none'),
        (
            dict(scales=(8, 4, 2)),
            r'scales must be \(width, height\) .* got \(8, 4, 2\)',
        ),
        (
            dict(scales=[8, (4,)]),
            r'scales\[1\] must be \(width, height\) .* got \(4,\)',
        ),
        (dict(scales=0), 'scales must be .* got 0'),
        (dict(scale_factor=[]), 'scale_factor must have at least one factor, got none'),
        (dict(scale_factor=[1.0, -2.0]), r'scale_factor must be a factor .* got -2\.0'),
        (dict(resize_cfg=dict(type='Resiz')), r"^resize_cfg: unknown type 'Resiz'"),
        (dict(allow_flip=True, flip_direction='up'), r"^flip_cfg: .*got 'up'"),
        (dict(transforms=[dict(type='Pack')]), r'^transforms\.0: unknown type'),
    ],
)
def test_mistakes_of_several_scales(args, message) -> None:
    with pytest.raises(ConfigError, match=message):
        TRANSFORMS.build({'type': 'MultiScaleFlipAug', 'transforms': [], **args})
