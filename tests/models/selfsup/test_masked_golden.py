"""Masked image models learn as mmpretrain's, step by step."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.rules import assert_steps, make_input

from mmlite.registry import MODELS
from mmlite.structures import DataSample

GOLDEN = Path(__file__).parents[2] / 'golden' / 'selfsup' / 'masked.json'
CASES = json.loads(GOLDEN.read_text())['cases']


def samples_of(case):
    grid = case['grid']
    for i in range(2):
        rng = np.random.Generator(np.random.PCG64(100 + i))
        mask = np.zeros(grid * grid, np.int64)
        mask[np.argsort(rng.random(grid * grid))[: case['hidden']]] = 1
        yield DataSample(mask=torch.from_numpy(mask.reshape(grid, grid)))


@pytest.mark.parametrize('name', CASES)
def test_two_steps_are_those_of_mmpretrain(name):
    case = CASES[name]
    model = MODELS.build(copy.deepcopy(case['model'])).train()
    images = [make_input(shape) for shape in case['inputs']]
    inputs = images if len(images) > 1 else images[0]
    samples = list(samples_of(case))
    assert_steps(model, lambda: model.loss(inputs, samples), case)
