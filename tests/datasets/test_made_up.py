"""Datasets that are drawn rather than found: what can be drawn."""

import pytest

from mmlite.errors import ConfigError
from mmlite.registry import DATASETS


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='Digits', size=0), 'size must be at least 1, got 0'),
        (dict(type='Digits', channels=-1), 'channels must be at least 1, got -1'),
        (dict(type='DigitsRetrieval', size=-4), 'size must be at least 1, got -4'),
        (dict(type='Shapes', num_train=0), 'num_train must be at least 1, got 0'),
        (dict(type='Shapes', most=0), 'most must be at least 1, got 0'),
        (dict(type='Shapes', seed=-1), 'seed must be at least 0, got -1'),
        (dict(type='Walkers', num_test=-3), 'num_test must be at least 1, got -3'),
        (dict(type='Walkers', num_frames=0), 'num_frames must be at least 1, got 0'),
        (dict(type='Walkers', types=['nm']), "such as 'nm-01' or 'bg-02', got ['nm']"),
        (dict(type='Walkers', types=[]), "such as 'nm-01' or 'bg-02', got []"),
        (dict(type='StereoScenes', num_scenes=0), 'num_scenes must be at least 1'),
        (dict(type='StereoScenes', max_layers=0), 'max_layers must be at least 1'),
        (dict(type='StereoScenes', noise=float('nan')), 'noise must be at least 0'),
        (dict(type='StereoScenes', size=[64]), 'size must be (H, W) of at least 8 px'),
    ],
)
def test_what_cannot_be_drawn_is_refused(cfg, message):
    with pytest.raises(ConfigError) as caught:
        DATASETS.build(cfg)
    assert message in str(caught.value)
