"""What is evaluated: every sample of the data once, and none that was trained with."""

import copy

import pytest
from mmengine.config import Config
from mmengine.hooks import EarlyStoppingHook
from support.tiny_config import CFG, found

from mmlite.config import examine

DATA = dict(type='TinyData')


def evaluating(dataset, phase='val', **loader):
    cfg = copy.deepcopy(CFG)
    section = f'{phase}_dataloader'
    cfg[section] = dict(cfg[section], dataset=dataset, **loader)
    cfg['model']['head']['num_classes'] = 3
    return cfg


def advice_on(cfg):
    return [str(each) for each in examine(Config(cfg), build_model=False).advice]


@pytest.mark.parametrize('phase', ['val', 'test'])
def test_repeating_the_rare_is_for_a_training(phase):
    balanced = dict(type='ClassBalancedDataset', dataset=DATA, oversample_thr=0.1)
    message = (
        'ClassBalancedDataset repeats some of the samples, so that the result is not '
        'that of the data; evaluate the dataset inside it'
    )
    path = f'{phase}_dataloader.dataset'
    assert f'{path}: {message}' in found(evaluating(balanced, phase))
    joined = dict(type='ConcatDataset', datasets=[DATA, balanced])
    assert f'{path}.datasets.1: {message}' in found(evaluating(joined, phase))
    assert found(evaluating(balanced, 'train')) == []


def test_a_fold_is_evaluated_on_what_is_held_out():
    fold = dict(type='KFoldDataset', dataset=DATA, num_splits=3)
    line = (
        'val_dataloader.dataset: KFoldDataset takes the samples that are trained with; '
        'test_mode=True takes those that are held out'
    )
    assert line in advice_on(evaluating(fold))
    assert line not in advice_on(evaluating(dict(fold, test_mode=True)))
    assert line not in advice_on(evaluating(fold, 'train'))


def test_an_evaluation_of_a_few_batches_is_said():
    line = (
        'val_dataloader.num_batch_per_epoch is 2, so that the result is that of so '
        'many batches only'
    )
    assert line in advice_on(evaluating(DATA, num_batch_per_epoch=2))
    assert line not in advice_on(evaluating(DATA))


def test_none_is_no_dataset():
    joined = dict(type='ConcatDataset', datasets=[DATA, None, 'TinyData'])
    start = 'train_dataloader.dataset.datasets'
    assert found(evaluating(joined, 'train')) == [
        f'{start}.1: expected a dict with a type, got None',
        f"{start}.2: expected a dict with a type, got 'TinyData' (str)",
    ]


@pytest.mark.parametrize(
    ('hooks', 'default', 'problems'),
    [
        (['EMAHook'], {}, []),
        (
            ['EMAHook', 'EMAHook'],
            {},
            [
                'custom_hooks.1: EMAHook does what custom_hooks.0 does already, twice; '
                'leave it out'
            ],
        ),
        (
            ['ParamSchedulerHook'],
            {},
            [
                'custom_hooks.0: ParamSchedulerHook does what the default one does '
                'already, twice; leave it out'
            ],
        ),
        (['ParamSchedulerHook'], dict(param_scheduler=None), []),
    ],
)
def test_hooks_of_which_one_does_all(hooks, default, problems):
    cfg = copy.deepcopy(CFG)
    cfg['custom_hooks'] = [dict(type=kind) for kind in hooks]
    cfg['default_hooks'].update(default)
    assert found(cfg) == problems


def test_what_a_built_hook_watches_is_checked_too():
    cfg = copy.deepcopy(CFG)
    cfg['val_evaluator'] = cfg['test_evaluator'] = dict(type='Accuracy')
    cfg['custom_hooks'] = [EarlyStoppingHook(monitor='acuracy/top1', rule='greater')]
    line = (
        "custom_hooks.0.monitor is 'acuracy/top1', but no metric gives that; did you "
        "mean 'accuracy/top1'?"
    )
    assert line in found(cfg)
