"""Sections that are right by themselves, and do not fit each other."""

import copy
import math

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from support.tiny_config import CFG, LOADER, PIPELINE, found
from torch import nn
from torch.utils.data import Dataset

from mmlite.config import advise_custom_keys, check, examine
from mmlite.datasets import BaseDataset
from mmlite.registry import DATASETS, HOOKS, METRICS, MODELS

BY_ITERATIONS = dict(by_epoch=False, max_iters=8)


def changed(**sections):
    return {**copy.deepcopy(CFG), **sections}


def loader(**changes):
    return {**copy.deepcopy(LOADER), **changes}


def advice(cfg):
    result = examine(Config(cfg))
    assert result.problems == []
    return [str(problem) for problem in result.advice]


@pytest.mark.parametrize('kind', ['InfiniteSampler', InfiniteSampler])
def test_a_sampler_without_end_in_a_training_by_epochs(kind):
    endless = loader(sampler=dict(type=kind))
    (problem,) = found(changed(train_dataloader=endless))
    assert problem.startswith(
        'train_dataloader.sampler: InfiniteSampler is endless, so that an epoch has '
        'no end; use '
    )
    loop = dict(train_cfg=BY_ITERATIONS, param_scheduler=None)
    assert found(changed(train_dataloader=endless, **loop)) == []
    (problem,) = found(changed(val_dataloader=endless, **loop))
    assert problem.startswith('val_dataloader.sampler: InfiniteSampler is endless')


@pytest.mark.parametrize(
    ('loop', 'problem'),
    [
        (dict(max_epochs=-3), 'train_cfg.max_epochs is -3, expected at least 1'),
        (dict(max_epochs=0), 'train_cfg.max_epochs is 0, expected at least 1'),
        (
            dict(max_epochs=3, val_interval=0),
            'train_cfg.val_interval is 0, expected at least 1',
        ),
        (
            dict(type='IterBasedTrainLoop', max_iters=-1),
            'train_cfg.max_iters is -1, expected at least 1',
        ),
    ],
)
def test_a_loop_that_trains_nothing(loop, problem):
    assert found(changed(train_cfg=loop, param_scheduler=None)) == [problem]


def test_counts_and_priorities_that_the_engine_would_refuse():
    cfg = changed()
    cfg['optim_wrapper']['accumulative_counts'] = 0
    cfg['custom_hooks'][0]['priority'] = 'HIHG'
    cfg['env_cfg']['mp_cfg']['mp_start_method'] = 'frok'
    problems = found(cfg)
    assert [p.split(';')[0] for p in problems] == [
        "custom_hooks.0.priority is 'HIHG'",
        "env_cfg.mp_cfg.mp_start_method: expects 'fork' | 'spawn' | 'forkserver', got "
        "'frok' (str)",
        'optim_wrapper.accumulative_counts is 0, expected at least 1',
    ]
    cfg = changed(custom_hooks=[dict(type='EMAHook', priority=49)])
    assert found(cfg) == []


@pytest.mark.parametrize(
    ('scheduler', 'moves'),
    [
        (dict(type='MultiStepLR', milestones=[1]), False),
        (dict(type='MultiStepLR', milestones=[1], by_epoch=True), False),
        (dict(type='MultiStepLR', milestones=[1], by_epoch=False), True),
        (dict(type='LinearLR', end=1, convert_to_iter_based=True), True),
        (dict(type='ReduceOnPlateauLR', monitor='tiny/x', rule='greater'), True),
    ],
)
def test_a_schedule_by_epochs_in_a_training_by_iterations(scheduler, moves):
    sections = dict(train_cfg=BY_ITERATIONS, param_scheduler=[scheduler])
    problems = found(changed(**sections))
    assert bool(problems) is not moves
    for problem in problems:
        assert problem.startswith('param_scheduler.0: counts epochs (by_epoch=True)')
    assert found(changed(param_scheduler=[scheduler])) == []


def test_hooks_and_logs_that_count_epochs_in_a_training_by_iterations():
    sections = dict(train_cfg=BY_ITERATIONS, param_scheduler=None)
    logs = dict(log_processor=dict(by_epoch=True))
    units = [
        'default_hooks.checkpoint: counts epochs, but the training counts iterations: '
        'one checkpoint is saved, at the end; set by_epoch=False and interval in '
        'iterations',
        'log_processor.by_epoch is True, but the training counts iterations; set it to '
        'False',
    ]
    assert advice(changed(**sections, **logs)) == [*units, *advice(CFG)]
    assert advice(changed(**logs)) == advice(CFG)
    saves = dict(default_hooks=dict(checkpoint=dict(by_epoch=False)))
    assert advice(changed(**sections, **saves)) == advice(CFG)


@pytest.mark.parametrize(
    ('schedule', 'said'),
    [
        ([dict(end=2)], 'param_scheduler.0.end is 2, but the training goes on to 3'),
        ([dict(end=1), dict(begin=1, end=3)], None),
        ([dict(end=1), dict(begin=1)], None),
        (
            [dict(end=1), dict(begin=3, end=4)],
            'param_scheduler.1.begin is 3, but the training',
        ),
    ],
)
def test_a_schedule_that_is_over_too_soon_or_begins_too_late(schedule, said):
    schedulers = [dict(type='LinearLR', **entry) for entry in schedule]
    said_now = advice(changed(param_scheduler=schedulers))
    mine = [line for line in said_now if line.startswith('param_scheduler')]
    assert len(mine) == bool(said)
    assert all(line.startswith(said) for line in mine)


@pytest.mark.parametrize('section', ['custom_hooks', 'param_scheduler'])
@pytest.mark.parametrize(
    ('name', 'right'), [('tiny/top1', True), ('tinny/top1', False), ('val_loss', True)]
)
def test_what_watches_a_result_that_there_is_not(section, name, right):
    kinds = dict(custom_hooks='EarlyStoppingHook', param_scheduler='ReduceOnPlateauLR')
    part = dict(type=kinds[section], monitor=name, rule='greater')
    problems = found(changed(**{section: [part]}))
    message = (
        f'{section}.0.monitor is {name!r}, but no metric gives that; did you mean '
    )
    assert problems == ([] if right else [f"{message}'tiny/top1'?"])


@pytest.mark.parametrize(
    ('metric', 'watched', 'said'),
    [
        (dict(type='Accuracy'), 'accuracy/top1', None),
        (dict(type='Accuracy', topk=(1, 2)), 'accuracy/top2', None),
        (dict(type='Accuracy'), 'accuracy/top2', "; did you mean 'accuracy/top1'?"),
        (
            dict(type='Accuracy', prefix='a'),
            'accuracy/top1',
            "; did you mean 'a/top1'?",
        ),
        (dict(type='OwnAccuracy'), 'accuracy/spread', None),
        (dict(type='SingleLabelMetric'), 'single-label/f1-score', None),
        (dict(type='SingleLabelMetric'), 'single-label/f1', "; did you mean 'single-"),
        (dict(type='CocoMetric', iou_thrs=0.5), 'coco/bbox_mAP_50', None),
        (dict(type='CocoMetric', iou_thrs=0.7), 'coco/bbox_mAP_50', '; did you mean'),
        (dict(type='CocoMetric', classwise=True), 'coco/cat_precision', None),
        (
            dict(type='MultiTasksMetric', task_metrics=dict(a=[dict(type='Accuracy')])),
            'b_accuracy/top1',
            "; did you mean 'a_accuracy/top1'?",
        ),
    ],
)
def test_the_name_of_a_result_is_compared_as_far_as_it_is_known(
    monkeypatch, metric, watched, said
):
    class OwnAccuracy(METRICS.get('Accuracy')):
        def compute_metrics(self, results):
            return dict(super().compute_metrics(results), spread=0.0)

    monkeypatch.setitem(METRICS._module_dict, 'OwnAccuracy', OwnAccuracy)
    stopping = [dict(type='EarlyStoppingHook', monitor=watched, rule='greater')]
    cfg = changed(val_evaluator=metric, custom_hooks=stopping)
    message = f'custom_hooks.0.monitor is {watched!r}, but no metric gives that'
    mine = [line for line in found(cfg) if line.startswith('custom_hooks')]
    assert len(mine) == bool(said)
    assert all(line.startswith(f'{message}{said}') for line in mine)


def test_what_watches_a_validation_that_there_is_not():
    none = dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator'))
    assert advice(changed(**none)) == [
        "custom_hooks.0.monitor is 'tiny/top1', but there is no validation that would "
        'give it',
        *advice(CFG),
    ]


class NoLabels(Dataset):
    pass


@pytest.fixture
def no_labels(monkeypatch):
    monkeypatch.setitem(DATASETS._module_dict, 'NoLabels', NoLabels)


def test_a_sampler_that_needs_labels(no_labels):
    weighted = dict(sampler=dict(type='WeightedRandomSampler'))
    wrapped = dict(type='RepeatDataset', times=2, dataset=LOADER['dataset'])
    tiny = loader(dataset=dict(type='NoLabels'), **weighted)
    assert found(changed(train_dataloader=loader(dataset=wrapped, **weighted))) == []
    assert found(changed(train_dataloader=tiny)) == [
        'train_dataloader.sampler: WeightedRandomSampler needs the labels of all '
        'samples, which NoLabels does not give; define get_gt_labels() in it, or use '
        'another sampler'
    ]


@pytest.mark.parametrize('key', ['collate_fn', 'batch_sampler'])
def test_what_data_in_memory_exclude(key):
    value = dict(collate_fn=dict(type='default_collate'), batch_sampler=nn.Identity())
    section = loader(in_memory=True, **{key: value[key]})
    assert found(changed(train_dataloader=section)) == [
        f'train_dataloader.{key} has no meaning with in_memory=True; leave one of them '
        'out'
    ]


def test_samples_that_an_evaluation_leaves_out():
    section = loader(drop_last=True)
    message = 'is True, which leaves samples out of the result; set it to False'
    assert found(changed(train_dataloader=section)) == []
    assert found(changed(val_dataloader=section, test_dataloader=section)) == [
        f'val_dataloader.drop_last {message}'
    ]


def test_the_classes_of_folders(tmp_path):
    for name in ('cat', 'dog', 'emu', 'fox'):
        (tmp_path / 'pets/train' / name).mkdir(parents=True)
    pets = dict(type='CustomDataset', data_root=str(tmp_path / 'pets'), split='train')
    section = loader(dataset=dict(pets, pipeline=[dict(type='PackInputs')]))
    assert found(changed(train_dataloader=section)) == [
        'model.head.num_classes is 3, but CustomDataset has 4 classes; set '
        'model.head.num_classes=4'
    ]
    section['dataset']['data_root'] = 'not/downloaded/yet'
    assert found(changed(train_dataloader=section)) == []
    section['dataset'] |= dict(split='nope')
    assert len(found(changed(train_dataloader=section))) <= 1


NAN = float('nan')


@pytest.mark.parametrize(
    ('override', 'problem'),
    [
        (dict(mean=[1.0, NAN, 3.0]), 'data_preprocessor.mean.1 is NaN'),
        (dict(mean=[0.0], std=[0]), 'data_preprocessor.std is [0], but images'),
        (dict(mean=[0.0], std=[NAN]), 'data_preprocessor.std.0 is NaN'),
    ],
)
def test_numbers_that_cannot_be_meant(override, problem):
    section = dict(type='ClsDataPreprocessor', mean=[1.0], std=[1.0]) | override
    cfg = changed(data_preprocessor=section)
    assert any(line.startswith(problem) for line in found(cfg))


@pytest.mark.parametrize(
    ('sections', 'problem'),
    [
        (dict(auto_scale_lr=dict(base_batch_size=0)), 'base_batch_size is 0, expected'),
        (
            dict(custom_hooks=[dict(type='EMAHook', momentum=2)]),
            'custom_hooks.0.momentum is 2, expected at most 1',
        ),
        (
            dict(custom_hooks=[dict(type='EMAHook', begin_epoch=9)]),
            'custom_hooks.0.begin_epoch is 9, but the training ends after 3 epochs',
        ),
        (
            dict(custom_hooks=[dict(type='EMAHook', momentun=0.1)]),
            "has no argument 'momentun'; did you mean 'momentum'?",
        ),
        (
            dict(optim_wrapper=dict(CFG['optim_wrapper'], clip_grad=dict(max_norm=-1))),
            'optim_wrapper.clip_grad.max_norm is -1, expected more than 0',
        ),
        (
            dict(
                optim_wrapper=dict(
                    CFG['optim_wrapper'],
                    paramwise_cfg=dict(custom_keys=dict(net=dict(lr_mult=-0.1))),
                )
            ),
            'paramwise_cfg.custom_keys.net.lr_mult is -0.1, expected at least 0',
        ),
        (
            dict(param_scheduler=dict(type='StepLR', step_size=0)),
            'param_scheduler.step_size is 0, expected at least 1',
        ),
        (
            dict(param_scheduler=[dict(type='CosineAnnealingLR', T_max=0)]),
            'param_scheduler.0.T_max is 0, expected at least 1',
        ),
        (dict(randomness=dict(seed=-1)), 'randomness.seed is -1, expected at least 0'),
        (dict(randomness=dict(seed=2**32)), 'seed is 4294967296, expected at most'),
        (
            dict(train_cfg=dict(max_epochs=3, dynamic_intervals=[(1, 0)])),
            'train_cfg.dynamic_intervals.0.1 is 0, expected at least 1',
        ),
        (dict(log_level='VERBOSE'), "'FATAL' | 'CRITICAL' | int, got 'VERBOSE'"),
        (dict(compile=dict(backend='egar')), "'egar', which is not known; did you mea"),
    ],
)
def test_numbers_and_names_that_cannot_be(sections, problem):
    (line,) = found(changed(**sections))
    assert problem in line


def test_numbers_that_can_be():
    sections = dict(
        custom_hooks=[dict(type='EMAHook', momentum=0.1, begin_epoch=3)],
        param_scheduler=dict(type='MultiStepLR', milestones=[0, 2]),
        randomness=dict(seed=2**32 - 1),
        compile=dict(backend='eager'),
        log_level=10,
    )
    assert found(changed(**sections)) == []


@pytest.mark.parametrize('kind', ['RepeatAugSampler', 'WeightedRandomSampler'])
def test_a_sampler_that_leaves_samples_out_of_an_evaluation(kind):
    digits = dict(type='Digits', pipeline=PIPELINE)
    section = loader(dataset=digits, sampler=dict(type=kind))
    said = f'{kind} leaves samples out or repeats them'
    assert not any(said in line for line in found(changed(train_dataloader=section)))
    lines = found(changed(val_dataloader=section))
    assert any(line.startswith(f'val_dataloader.sampler: {said}') for line in lines)


def test_a_validation_and_milestones_behind_the_end():
    cfg = changed(train_cfg=dict(max_epochs=3, val_begin=4))
    cfg['param_scheduler'] = dict(type='MultiStepLR', milestones=[3, 5])
    del cfg['optim_wrapper']['paramwise_cfg']
    assert advice(cfg) == [
        'train_cfg.val_begin is 4, but the training ends after 3 epochs: there is no '
        'validation',
        'param_scheduler.milestones is [3, 5], but the training ends after 3 epochs: '
        'the value stays',
    ]
    cfg['param_scheduler']['milestones'] = [2, 5]
    cfg['train_cfg']['val_begin'] = 3
    assert advice(cfg) == []


def test_a_learning_rate_is_a_number():
    cfg = changed(optim_wrapper=dict(optimizer=dict(type='SGD', lr=True)))
    (problem,) = found(cfg)
    assert problem.startswith('optim_wrapper.optimizer.lr: SGD expects float')
    cfg['optim_wrapper']['optimizer']['lr'] = NAN
    for kind in ('SGD', 'AdamW'):  # of which the latter refuses it too
        cfg['optim_wrapper']['optimizer'] = dict(type=kind, lr=NAN)
        assert found(cfg) == ['optim_wrapper.optimizer.lr is NaN, expected a number']


@pytest.mark.parametrize('rate', [-0.1, float('inf'), float('-inf')])
@pytest.mark.parametrize(
    'path',
    [
        'optim_wrapper.optimizer.lr',
        'optim_wrapper.paramwise_cfg.bias_lr_mult',
        'optim_wrapper.paramwise_cfg.custom_keys.backbone.lr_mult',
        'param_scheduler.0.eta_min',
    ],
)
def test_no_rate_is_negative_or_infinite(path, rate):
    cfg = changed(
        optim_wrapper=dict(
            optimizer=dict(type='AdamW', lr=0.1),
            paramwise_cfg=dict(
                bias_lr_mult=1.0, custom_keys=dict(backbone=dict(lr_mult=1.0))
            ),
        ),
        param_scheduler=[dict(type='CosineAnnealingLR', eta_min=0.0, T_max=3)],
    )
    assert not any(line.startswith(path) for line in found(cfg))
    node = cfg
    *keys, last = path.split('.')
    for key in keys:
        node = node[int(key) if key.isdigit() else key]
    node[last] = rate
    (problem,) = (line for line in found(cfg) if line.startswith(path))
    expected = 'a finite number' if rate > 0 else 'at least 0'
    assert problem == f'{path} is {rate}, expected {expected}'


def test_custom_keys_in_the_name_of_no_parameter():
    keys = {'.token': {}, 'fc': {}, 'heead': {}, 'head.wieght': {}}
    cfg = dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys=keys)))
    names = ['backbone.fc.weight', 'head.weight']
    (line,) = advise_custom_keys(Config(cfg), names)
    assert str(line) == (
        "optim_wrapper.paramwise_cfg.custom_keys: '.token', 'heead' (did you mean "
        "'head'?), 'head.wieght' (did you mean 'weight'?): in the name of no parameter"
    )
    assert advise_custom_keys(Config(cfg), ['token.fc.heead.head.wieght']) == []
    assert advise_custom_keys(Config({}), names) == []


def test_custom_keys_may_have_options_of_the_optimizer():
    cfg = changed()
    keys = dict(bias=dict(decay_mult=0.0, lars_exclude=True))
    cfg['optim_wrapper']['paramwise_cfg']['custom_keys'] = keys
    assert found(cfg) == []
    keys['bias']['decay_mul'] = 0.0
    assert found(cfg) == [
        "optim_wrapper.paramwise_cfg.custom_keys.bias has no key 'decay_mul'; did you "
        "mean 'decay_mult'?"
    ]


def test_leftovers_of_published_configs_are_no_mistakes():
    cfg = changed(
        data=dict(samples_per_gpu=2), resume_from=None, strategy=dict(type='X')
    )
    cfg['optim_wrapper']['paramwise_cfg']['_delete'] = True
    idle = [f'{key} is not read; leave it out' for key in ('data', 'resume_from')]
    idle += [
        'strategy is not read; leave it out',
        'optim_wrapper.paramwise_cfg._delete is not read: the key that replaces a dict '
        "is '_delete_'",
    ]
    assert advice(cfg) == [*idle, *advice(CFG)]
    assert found(dict(model=CFG['model'], data={'a': {}})) == [
        "unknown key 'data'; that is now train_dataloader, val_dataloader and "
        'test_dataloader'
    ]
    assert found(changed(resume_from='a.pth')) == [
        "unknown key 'resume_from'; that is now load_from, with resume = True"
    ]


def test_sync_bn_needs_a_gpu(monkeypatch):
    cfg = changed(sync_bn='torch')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert any(line.startswith('sync_bn has no effect') for line in advice(cfg))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert advice(cfg) == advice(CFG)


def test_a_model_that_does_not_predict(monkeypatch):
    whole, metric = MODELS.get('TinyWhole'), METRICS.get('TinyMetric')
    monkeypatch.setattr(whole, 'predicts', False, raising=False)
    assert found(CFG) == [
        f'{phase}_evaluator: needs predictions, but TinyWhole does not predict; leave '
        f'out {phase}_dataloader, {phase}_cfg and {phase}_evaluator, or use metrics '
        'of features'
        for phase in ('val', 'test')
    ]
    monkeypatch.setattr(metric, 'takes_features', True, raising=False)
    assert found(CFG) == []


def test_a_loader_inside_a_model(monkeypatch):
    seen = []

    class Gallery(nn.Module):
        def __init__(self, prototype: dict):
            super().__init__()
            seen.append(prototype)

    monkeypatch.setitem(MODELS._module_dict, 'Gallery', Gallery)
    prototype = loader(dataset=dict(type='TinyData', pipeline=PIPELINE))
    cfg = dict(model=dict(type='Gallery', prototype=prototype))
    assert found(cfg) == []
    assert seen == [prototype]
    prototype['dataset'] = dict(type='TinyDat')
    prototype['batch_size'] = 0
    assert found(cfg) == [
        'model.prototype.batch_size is 0, expected at least 1',
        "model.prototype.dataset: unknown type 'TinyDat'; did you mean 'TinyData'?",
    ]


def test_what_is_said_beside_is_returned():
    assert [str(line) for line in check(Config(changed(data={})))] == [
        'data is not read; leave it out',
        *advice(CFG),
    ]


@pytest.mark.parametrize('indices', [0, [], ()])
def test_indices_that_leave_no_sample(indices):
    class Indexed(BaseDataset):
        pass

    dataset = dict(type=Indexed, indices=indices)
    (problem,) = found(changed(train_dataloader=loader(dataset=dataset)))
    assert problem.startswith(
        f'train_dataloader.dataset.indices is {indices}, which leaves no sample'
    )


def test_hooks_that_wait_for_an_epoch_that_never_comes():
    class Later:
        def __init__(self, schedule, begin_epoch=0): ...

    HOOKS.register_module(name='Later', module=Later, force=True)
    hook = dict(type='Later', schedule=[dict(action_epoch=5)])
    place = 'custom_hooks.0.schedule.0.action_epoch is 5, but the training '
    sections = dict(custom_hooks=[hook], param_scheduler=None)
    assert place + 'ends after 3 epochs' in advice(changed(**sections))
    by_iter = changed(**sections, train_cfg=BY_ITERATIONS)
    assert place + 'counts iterations: it never begins' in advice(by_iter)
    ema = dict(type='EMAHook', begin_epoch=1)
    (problem,) = found(dict(by_iter, custom_hooks=[ema]))
    assert problem.startswith(
        'custom_hooks.0.begin_epoch is 1, but the training counts'
    )
    assert found(changed(custom_hooks=[ema])) == []


@pytest.mark.parametrize('key', ['activation_checkpointing', 'efficient_conv_bn_eval'])
def test_names_of_parts_that_the_model_has_not(key):
    assert found(changed(**{key: ['backbone']})) == []
    (problem,) = found(changed(**{key: 'backbon'}))
    assert (
        problem == f"{key}: the model has no part 'backbon'; did you mean 'backbone'?"
    )
    (problem,) = found(changed(**{key: True}))
    assert problem.startswith(f'{key} is True, expected names of parts')


@pytest.mark.parametrize(
    ('sections', 'said'),
    [
        (dict(val_evaluator=[]), 'val_evaluator has no metric'),
        (dict(test_evaluator=[]), 'test_evaluator has no metric'),
        (
            dict(val_evaluator=dict(type='Evaluator', metrics=[])),
            'val_evaluator.metrics has no metric',
        ),
        (
            dict(val_evaluator=[dict(type='Accuracy')] * 2, default_hooks={}),
            "val_evaluator.1: gives 'accuracy/top1', and so does val_evaluator.0",
        ),
        (dict(train_dataloader=loader(dataset={})), 'dataset: the key type is missing'),
        (
            dict(optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1, betas=(0.9,)))),
            'optim_wrapper.optimizer: AdamW: tuple index out of range',
        ),
        (dict(default_hooks=dict(checkpoint=dict(save_best=True))), 'save_best'),
    ],
)
def test_sections_that_hold_nothing_or_half(sections, said):
    problems = found(changed(custom_hooks=[], **sections))
    assert any(said in problem for problem in problems), problems
    assert len(problems) == 1


@pytest.mark.parametrize(
    ('keys', 'value', 'said'),
    [
        ('optim_wrapper.optimizer.weight_decay', math.inf, 'a finite number'),
        ('optim_wrapper.loss_scale', 0, 'more than 0'),
        ('param_scheduler.1.begin', -1, 'at least 0'),
        ('train_dataloader.prefetch_factor', 0, 'at least 1'),
        ('train_dataloader.timeout', -1, 'at least 0'),
        ('custom_hooks.0.min_delta', math.nan, 'a number'),
        ('model.head.loss.loss_weight', math.inf, 'a finite number'),
        ('optim_wrapper.paramwise_cfg.custom_keys.1', {}, 'part of the name'),
    ],
)
def test_numbers_that_nothing_can_be_computed_with(keys, value, said):
    cfg = changed()
    if keys == 'optim_wrapper.loss_scale':
        cfg['optim_wrapper']['type'] = 'AmpOptimWrapper'
    node = cfg
    *path, last = [int(key) if key.isdigit() else key for key in keys.split('.')]
    for key in path:
        node = node[key]
    node[last] = value
    problems = found(cfg)  # one for each loader, which are one dict
    assert problems and all(said in problem for problem in problems)


def test_what_an_average_evaluates_beside_itself():
    ema = dict(type='EMAHook', evaluate_on_origin=True)
    best = dict(checkpoint=dict(save_best='accuracy/top1_origin', rule='greater'))
    cfg = changed(val_evaluator=dict(type='Accuracy'), default_hooks=best)
    assert found(dict(cfg, custom_hooks=[ema])) == []
    (problem,) = found(dict(cfg, custom_hooks=[dict(type='EMAHook')]))
    assert "is 'accuracy/top1_origin', but no metric gives that" in problem
