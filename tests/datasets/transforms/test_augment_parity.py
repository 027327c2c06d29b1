"""Augmentations give what mmpretrain 1.2.0 gives for the same draws."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from golden.drawn import IMAGES, Replayed

from mmlite.datasets.transforms.auto_augment import (
    AUTOAUGMENT_POLICIES,
    RANDAUGMENT_POLICIES,
)
from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS

GOLDEN = json.loads(
    (Path(__file__).parents[2] / 'golden/mmpretrain_transforms.json').read_text()
)


def result_of(case):
    step = TRANSFORMS.build(case['cfg'])
    rng = Replayed(case.get('draws') or [])
    return step(dict(img=IMAGES[case['input']].copy(), rng=rng))['img']


def check(case, got):
    """Equal, but where versions of OpenCV differ among themselves."""
    expected, other = case['output'], case.get('other')
    assert list(got.shape) == expected['shape']
    if other is None and zlib.crc32(np.ascontiguousarray(got)) == expected['crc32']:
        return
    probe = got.ravel()[expected['probe_index']].astype(int)
    apart = np.abs(probe - expected['probe'])
    assert (apart > (4 if other else 0)).sum() <= (1 if other else 0), apart
    assert got.mean() == pytest.approx(expected['mean'], abs=0.1 if other else 1e-5)
    assert got.std() == pytest.approx(expected['std'], abs=0.1 if other else 1e-5)


def named(cases):
    return [
        pytest.param(case, id=f'{case["cfg"]["type"]}-{place}')
        for place, case in enumerate(cases)
    ]


def wraps_there(case):
    """Whole numbers of SolarizeAdd begin anew above 255 in the peer."""
    magnitude = case['cfg'].get('magnitude')
    return (
        case['cfg']['type'] == 'SolarizeAdd'
        and isinstance(magnitude, int)
        and magnitude > 128
    )


@pytest.mark.parametrize(
    'case',
    named([c for c in GOLDEN['operations'] if 'error' not in c and not wraps_there(c)]),
)
def test_operations(case):
    check(case, result_of(case))


@pytest.mark.parametrize('magnitude', [200, 300])
def test_whole_magnitudes_do_as_fractions_do(magnitude):
    cfg = dict(type='SolarizeAdd', prob=1.0)
    cases = (
        dict(cfg=dict(cfg, magnitude=kind(magnitude)), input='a')
        for kind in (int, float)
    )
    first, second = map(result_of, cases)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize('name', ['AutoContrast', 'Equalize', 'Contrast'])
def test_grey_images_pass_as_colour_images_of_grey_do(name):
    cfg = dict(type=name, prob=1.0)
    if name == 'Contrast':
        cfg |= dict(magnitude=0.5, random_negative_prob=0.0)
    step = TRANSFORMS.build(cfg)
    grey = IMAGES['gray']
    colour = step(dict(img=np.repeat(grey[..., None], 3, axis=2)))['img']
    np.testing.assert_array_equal(step(dict(img=grey))['img'], colour[..., 0])


@pytest.mark.parametrize('case', named(GOLDEN['crops']))
def test_crops_of_efficientnet(case):
    if 'error' in case:
        with pytest.raises(Exception, match='EfficientNet|interpolation|backend'):
            result_of(case)
    elif case['cfg'].get('max_attempts') not in (0, 2):  # there not of whole pixels
        check(case, result_of(case))


@pytest.mark.parametrize('case', named(GOLDEN['boxes']))
def test_windows_of_efficientnet(case):
    step = TRANSFORMS.build(case['cfg'])
    rng = Replayed(case['draws'])
    x, y, width, height = step._window(dict(img=IMAGES[case['input']], rng=rng))
    assert [y, x, height, width] == [int(value) for value in case['box']]


@pytest.mark.parametrize('case', named(GOLDEN['lighting']))
def test_lighting_and_blur(case):
    got = result_of(case)
    if case['cfg'].get('alphastd', 0) < 1 and case['input'] == 'a':
        check(case, got)
        return
    # The peer's grey levels begin anew at 256; ours end there.
    probe = got.ravel()[case['output']['probe_index']].astype(int)
    theirs = np.array(case['output']['probe'])
    assert ((probe == theirs) | (probe == 0) | (probe == 255)).all()


@pytest.mark.parametrize('case', named(GOLDEN['forced']))
def test_randaugment_and_autoaugment(case):
    check(case, result_of(case))


def as_lists(value):
    return json.loads(json.dumps(value))


def test_the_named_policies():
    policies = GOLDEN['policies']
    assert as_lists(RANDAUGMENT_POLICIES) == policies['randaugment_policies']
    for name, rows in policies['autoaugment_policies'].items():
        ours = AUTOAUGMENT_POLICIES[name]
        assert len(ours) == len(rows)
        for own, theirs in zip(ours, rows, strict=True):
            for one, other in zip(own, theirs, strict=True):
                assert one.keys() == other.keys() and one['type'] == other['type']
                for key in one.keys() - {'type', 'direction'}:
                    assert one[key] == pytest.approx(other[key])


@pytest.mark.parametrize('hparams', GOLDEN['policies']['merged_policies_pad_val'])
def test_arguments_for_all_operations(hparams):
    expected = GOLDEN['policies']['merged_policies_pad_val'][hparams]
    step = TRANSFORMS.build(
        dict(
            type='RandAugment',
            policies='timm_increasing',
            num_policies=2,
            magnitude_level=9,
            hparams=json.loads(hparams),
        )
    )
    assert as_lists(step.policies) == expected['randaugment_policies']


def test_magnitudes_of_levels():
    table = GOLDEN['policies']['magnitude_table']
    policies = [p for p in RANDAUGMENT_POLICIES['timm_increasing'] if len(p) > 1]
    for row in table['rows']:
        level = dict(
            magnitude_level=row['level'],
            total_level=row['total_level'],
            magnitude_std=row['std'],
        )
        for policy, expected in zip(policies, row['magnitudes'], strict=True):
            step = TRANSFORMS.build(policy | level | dict(random_negative_prob=0.0))
            magnitude = step.draw_magnitude(Replayed(row['draws']))
            assert magnitude == pytest.approx(expected)


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (
            dict(type='RandomApply', transforms=[], prob=3),
            'RandomApply: prob must lie in [0, 1], got 3',
        ),
        (
            dict(type='RandAugment', policies='timm_increasing', num_policies=0)
            | dict(magnitude_level=9),
            'RandAugment: num_policies must be at least 1, got 0',
        ),
        (
            dict(type='Posterize', bits=9),
            'Posterize: bits must lie in [0, 8], got 9',
        ),
    ],
)
def test_a_wrong_setting_names_the_step_once(cfg, message):
    with pytest.raises(ConfigError) as caught:
        TRANSFORMS.build(cfg)
    assert str(caught.value) == message
