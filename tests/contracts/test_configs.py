"""What every recipe promises: it is read, checked, built, trained and tested."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from contracts.shrink import shrink

from mmlite.config import check_config, load_config
from mmlite.engine import Runner

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / 'configs').rglob('*.py'))
RECIPES = [path for path in CONFIGS if '_base_' not in path.parts]

MAX_LINES = 30  # without the docstring: a recipe states only its differences


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / 'configs'))


for_each_recipe = pytest.mark.parametrize('path', RECIPES, ids=name_of)

# Recipes of ImageNet differ in the network, which has its own contract, and in what few
# of them show: hooks, policies, schedules.
SHOWN = ('resnet50_', 'convnext-', 'regnetx-', 'mobilenet-v3', 'swin-tiny', 'wide-')


def trained():
    for path in RECIPES:
        classifier = path.stem.endswith('in1k') and 'coslr' not in path.stem
        slow = classifier and not path.stem.startswith(SHOWN)
        marks = [pytest.mark.slow] if slow else []
        yield pytest.param(path, id=name_of(path), marks=marks)


@pytest.mark.parametrize('path', CONFIGS, ids=name_of)
def test_it_says_what_it_is(path):
    assert path.read_text(encoding='utf-8').startswith('"""')


@for_each_recipe
def test_it_states_only_its_differences(path):
    text = path.read_text(encoding='utf-8')
    docstring, rest = text.split('"""')[1:3]
    assert rest.count('\n') <= MAX_LINES
    command = f'configs/{name_of(path)}'
    assert command in docstring, 'the docstring does not give the command'
    assert 'Expected:' in docstring, 'the docstring does not give a figure'


@for_each_recipe
@pytest.mark.parametrize('suffix', ['.py', '.json', '.yaml'])
def test_it_is_dumped_and_read_again(path, suffix, tmp_path):
    cfg = load_config(path)
    cfg.dump(tmp_path / f'dumped{suffix}')
    again = load_config(tmp_path / f'dumped{suffix}')
    expected = cfg.to_dict()
    if suffix == '.json':
        expected = without_tuples(expected)
    assert again.to_dict() == expected


def without_tuples(value):
    """JSON has one kind of sequence."""
    if isinstance(value, dict):
        return {key: without_tuples(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_tuples(item) for item in value]
    return value


@for_each_recipe
def test_nothing_is_wrong_with_it(path):
    assert [str(problem) for problem in check_config(load_config(path))] == []


@pytest.mark.slow
@pytest.mark.parametrize('path', list(trained()))
def test_it_trains_one_step_and_predicts_once(path, tmp_path):
    cfg = shrink(load_config(path), tmp_path / 'run')
    runner = Runner.from_cfg(cfg)
    before = [p.detach().clone() for p in runner.model.parameters()]
    runner.train()
    after = list(runner.model.parameters())
    assert runner.iter == 1
    assert all(p.isfinite().all() for p in after)
    assert not all(torch.equal(p, q) for p, q in zip(before, after, strict=True))
    if cfg.get('test_dataloader') is None:
        assert not runner.model.predicts, 'a recipe of what predicts has a test'
        return
    results = runner.test()
    for metric in runner.test_evaluator.metrics:
        own = [v for name, v in results.items() if name.startswith(f'{metric.prefix}/')]
        assert own, f'{type(metric).__name__} reports nothing'
        assert np.isfinite(np.asarray(own, float)).all()
