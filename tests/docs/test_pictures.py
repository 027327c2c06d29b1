"""The pictures of the pages can be drawn again, from steps that exist."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from mmlite.registry import TRANSFORMS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def pictures():
    spec = importlib.util.spec_from_file_location('pictures', ROOT / 'docs/pictures.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_step_is_built_with_its_arguments(pictures):
    for steps in (pictures.STEPS, pictures.PAIR_STEPS, pictures.WALK_STEPS):
        for name, settings in steps.items():
            TRANSFORMS.build(dict(type=name, **settings))


#: Steps of which there is nothing to see: they read, choose, convert or hold others.
UNSEEN = {
    'Albu', 'Albumentations', 'ApplyToList', 'Collect', 'Transpose',
    'BatchRandomCrop', 'BatchRandomErasing', 'BatchRandomFlip', 'Compose',
    'FilterAnnotations', 'LoadAnnotations', 'LoadDisparity', 'LoadImageFromFile',
    'LoadSequence', 'MultiView', 'Normalize', 'NumpyToPIL', 'PILToNumpy', 'PackInputs',
    'PackMultiTaskInputs', 'RandomApply', 'RandomChoice', 'SampleFrames',
    'SkeletonMaps', 'TestTimeAug', 'ToNumpy', 'ToPIL',
    'ImageToTensor', 'KeyMapper', 'MultiScaleFlipAug', 'ToTensor',
    'TransformBroadcaster',
}  # fmt: skip


def test_every_step_that_can_be_seen_is_drawn(pictures):
    drawn = {*pictures.STEPS, *pictures.PAIR_STEPS, *pictures.WALK_STEPS}
    own = {
        name
        for name in TRANSFORMS.names()
        if TRANSFORMS.get(name).__module__.startswith('mmlite.')
    }
    assert drawn == own - UNSEEN


@pytest.mark.slow
def test_they_are_drawn(pictures, tmp_path):
    pictures.main(str(tmp_path))
    drawn = {path.name for path in tmp_path.iterdir()}
    there = {path.name for path in (ROOT / 'docs/images').iterdir()}
    assert drawn == {name for name in there if not name.startswith('report')}
    assert all(path.stat().st_size < 200_000 for path in tmp_path.iterdir())
