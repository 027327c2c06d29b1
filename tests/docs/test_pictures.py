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
    for name, settings in pictures.STEPS.items():
        TRANSFORMS.build(dict(type=name, **settings))


@pytest.mark.slow
def test_they_are_drawn(pictures, tmp_path):
    pictures.main(str(tmp_path))
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == {path.name for path in (ROOT / 'docs/images').iterdir()}
    assert all(path.stat().st_size < 200_000 for path in tmp_path.iterdir())
