"""Every example in a docstring runs, and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import mmlite
from mmlite.registry import DATASETS, MODELS, TRANSFORMS

ROOT = Path(__file__).parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
GLOBALS = dict(
    torch=torch, np=np, MODELS=MODELS, TRANSFORMS=TRANSFORMS, DATASETS=DATASETS
)


def modules() -> list[str]:
    found = pkgutil.walk_packages(mmlite.__path__, 'mmlite.')
    return ['mmlite', *(module.name for module in found)]


@pytest.mark.parametrize('name', modules())
def test_examples(name, tmp_path):
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    module = importlib.import_module(name)
    result = doctest.testmod(
        module, extraglobs=GLOBALS, optionflags=FLAGS, raise_on_error=False
    )
    assert result.failed == 0, f'{result.failed} of {result.attempted} examples fail'
