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
from mmlite.registry import DATASETS, MODELS, REGISTRIES, TRANSFORMS

ROOT = Path(__file__).parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
#: The module of what examples define.
EXAMPLES = 'examples'
GLOBALS = dict(
    __name__=EXAMPLES,
    torch=torch,
    np=np,
    MODELS=MODELS,
    TRANSFORMS=TRANSFORMS,
    DATASETS=DATASETS,
)


def modules() -> list[str]:
    found = pkgutil.walk_packages(mmlite.__path__, 'mmlite.')
    return ['mmlite', *(module.name for module in found)]


@pytest.fixture(autouse=True)
def registered_for_an_example():
    """What an example registers is gone after it."""
    yield
    for registry in REGISTRIES.values():
        own = registry.module_dict
        for name in [n for n, part in own.items() if part.__module__ == EXAMPLES]:
            del own[name]


@pytest.mark.parametrize('name', modules())
def test_examples(name, tmp_path):
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    module = importlib.import_module(name)
    result = doctest.testmod(
        module, extraglobs=GLOBALS, optionflags=FLAGS, raise_on_error=False
    )
    assert result.failed == 0, f'{result.failed} of {result.attempted} examples fail'
