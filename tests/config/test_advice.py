"""Settings that are allowed but seldom intended."""

from __future__ import annotations

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook

from mmlite.config import dataset_of
from mmlite.config.advice import advice_on
from mmlite.config.own_classes import misspelt_methods
from mmlite.registry import HOOKS, TRANSFORMS

LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='PackInputs')
COLLECT = dict(type='Collect', keys=['img', 'gt_label'])


def advised(steps, phase='train', **loader):
    """What is said of the pipeline of a phase."""
    dataset = dict(type='CustomDataset', pipeline=steps)
    cfg = Config({f'{phase}_dataloader': dict(dataset=dataset, **loader)})
    return [str(each) for each in advice_on(cfg) if 'ends in' in str(each)]


@pytest.mark.parametrize('phase', ['train', 'test'])
@pytest.mark.parametrize(
    'last',
    [
        COLLECT,
        dict(type='ToTensor', keys=['gt_label']),
        dict(type='mmcls.ImageToTensor', keys=['img']),
        TRANSFORMS.build(COLLECT),
    ],
)
def test_a_pipeline_of_an_older_version(last, phase):
    (said,) = advised([LOAD, last], phase)
    name = last['type'].split('.')[-1] if isinstance(last, dict) else 'Collect'
    assert said.startswith(f'{phase}_dataloader.dataset.pipeline: ends in {name},')
    assert "dict(type='PackInputs')" in said


@pytest.mark.parametrize(
    'last',
    [
        dict(type='RandomFlip', prob=0.5),
        dict(type='MultiView', transforms=[[dict(type='RandomFlip')]], num_views=2),
    ],
    ids=['a step', 'steps within a step'],
)
def test_a_pipeline_without_a_step_that_packs(last):
    (said,) = advised([LOAD, last])
    assert f'ends in {last["type"]},' in said


def test_a_pipeline_that_packs_within_a_step():
    inner = [[dict(type='RandomFlip'), PACK]]
    assert not advised([LOAD, dict(type='TestTimeAug', transforms=inner)])
    assert not advised([LOAD, PACK, dict(type='RandomFlip')])


def test_a_pipeline_that_packs_or_is_collated_by_a_function_of_ones_own():
    for steps in ([LOAD, PACK], [COLLECT, PACK], [], [dict(type='NoSuch')], [print]):
        assert not advised(steps)
    assert not advised([LOAD, COLLECT], collate_fn=dict(type='pseudo_collate'))


INNER = dict(type='Digits', pipeline=[])


@pytest.mark.parametrize(
    ('dataset', 'found'),
    [
        (INNER, INNER),
        (dict(type='RepeatDataset', dataset=INNER), INNER),
        (dict(type='ConcatDataset', datasets=[INNER, dict(type='Shapes')]), INNER),
        (dict(type='ConcatDataset', datasets=[]), dict(datasets=[])),
        (dict(type='Digits'), dict(type='Digits')),
        (None, {}),
    ],
)
def test_a_dataset_without_its_wrappers(dataset, found):
    cfg = dict(val_dataloader=dict(dataset=dataset))
    assert dataset_of(cfg, 'val').items() >= found.items()
    assert dataset_of(cfg, 'test') == {}


class Says(Hook):
    """One typo; what looks like one, but is called here; and names of its own."""

    def after_train_epok(self, runner): ...

    def before_runs(self, runner): ...

    def before_run(self, runner):
        self.before_runs(runner)

    def evaluate_all(self): ...

    def _after_train_iter(self): ...


def test_a_method_that_nothing_calls():
    assert misspelt_methods(Says) == {'after_train_epok': 'after_train_epoch'}
    for other in (Hook, HOOKS.get('EMAHook'), print, 'Says', None):
        assert misspelt_methods(other) == {}


def test_its_place_is_named_once():
    hook = dict(type=Says)
    cfg = Config(dict(hooks=[hook], custom_hooks=[hook]))
    (found,) = (p for p in advice_on(cfg) if 'after_train_epok' in p.message)
    assert found.path == 'custom_hooks.0'
    assert found.message.endswith("did you mean 'after_train_epoch'?")
