import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from support.tiny_config import CFG, found
from torch import nn

from mmlite.config import (
    apply_overrides,
    check,
    check_config,
    check_phases,
    load_config,
)
from mmlite.config.fitting import check_channels
from mmlite.errors import ConfigError
from mmlite.registry import HOOKS, MODELS, TRANSFORMS


def problems_of(*overrides, **sections):
    cfg = Config({**copy.deepcopy(CFG), **sections})
    apply_overrides(cfg, overrides)
    return [str(problem) for problem in check_config(cfg)]


def test_a_good_config_has_no_problems():
    assert problems_of() == []


def test_check_raises_with_all_problems_and_the_file(write):
    path = write('c.py', "model = dict(type='TinyWhol')\nchannels_last = 3\n")
    with pytest.raises(ConfigError) as caught:
        check(load_config(path))
    assert str(caught.value) == (
        'c.py: channels_last: expects bool, got 3 (int)\n'
        "c.py: model: unknown type 'TinyWhol'; did you mean 'TinyWhole'?"
    )
    check(Config(copy.deepcopy(CFG)))


@pytest.mark.parametrize(
    ('override', 'problem'),
    [
        # the model
        (
            'model.backbone.type=TinyNett',
            "model.backbone: unknown type 'TinyNett'; did you mean 'TinyNet'?",
        ),
        (
            '+model.backbone.dept=1',
            "model.backbone: TinyNet has no argument 'dept'; did you mean 'depth'?",
        ),
        (
            'model.backbone.depth=9',
            'model.backbone: TinyNet: depth must be 1 or 2, got 9',
        ),
        (
            'model.backbone.depth=x',
            "model.backbone.depth: TinyNet expects int, got 'x' (str)",
        ),
        (
            '+model.head.loss.los_weight=1',
            "model.head.loss: TinyLoss has no argument 'los_weight'; did you mean "
            "'loss_weight'?",
        ),
        (
            'model.head.in_channels=77',
            'model.head.in_channels is 77, but the backbone gives 8',
        ),
        (
            'model.head.num_classes=2',
            'model.head.num_classes is 2, but TinyData has 3 classes; set '
            'model.head.num_classes=3',
        ),
        (
            '+data_preprocessor.non_blockin=true',
            "data_preprocessor: BaseDataPreprocessor has no argument 'non_blockin'; "
            "did you mean 'non_blocking'?",
        ),
        (
            '+data_preprocessor.mean=2',
            "data_preprocessor: BaseDataPreprocessor has no argument 'mean'; it takes "
            'non_blocking',
        ),
        (
            'model.backbone.init_cfg=dict(type=Kaimng)',
            "model.backbone.init_cfg: unknown type 'Kaimng'; did you mean 'Kaiming'?",
        ),
        # the top
        (
            '+optim_wraper.optimizer.lr=0.01',
            "unknown key 'optim_wraper'; did you mean 'optim_wrapper'?",
        ),
        (
            '+lr_config.policy=step',
            "unknown key 'lr_config'; that is now param_scheduler",
        ),
        ('channels_last=x', "channels_last: expects bool, got 'x' (str)"),
        (
            'launcher=slrum',
            "launcher: expects 'none' | 'pytorch' | 'slurm' | 'mpi', got 'slrum' (str)",
        ),
        # the data
        (
            'train_dataloader.dataset.type=TinyDat',
            "train_dataloader.dataset: unknown type 'TinyDat'; did you mean "
            "'TinyData'?",
        ),
        (
            'train_dataloader.dataset.pipeline.0.type=TinyCropp',
            "train_dataloader.dataset.pipeline.0: unknown type 'TinyCropp'; did you "
            "mean 'TinyCrop'?",
        ),
        (
            'train_dataloader.dataset.pipeline.0.crop_size=a',
            'train_dataloader.dataset.pipeline.0.crop_size: TinyCrop expects int, got '
            "'a' (str)",
        ),
        (
            '+train_dataloader.batchsize=3',
            "train_dataloader has no key 'batchsize'; did you mean 'batch_size'?",
        ),
        (
            'train_dataloader.batch_size=0',
            'train_dataloader.batch_size is 0, expected at least 1',
        ),
        (
            '+train_dataloader.shuffle=true',
            'train_dataloader.shuffle is set in the sampler: sampler.shuffle',
        ),
        (
            '+train_dataloader.sampler.shufle=true',
            "train_dataloader.sampler: DefaultSampler has no argument 'shufle'; did "
            "you mean 'shuffle'?",
        ),
        (
            'train_dataloader.collate_fn=dict(type=pseudo_colate)',
            "train_dataloader.collate_fn: unknown type 'pseudo_colate'; did you mean "
            "'pseudo_collate'?",
        ),
        # the loop
        (
            '+train_cfg.max_epoch=3',
            "train_cfg: EpochBasedTrainLoop has no argument 'max_epoch'; did you mean "
            "'max_epochs'?",
        ),
        (
            'optim_wrapper.optimizer.type=SDG',
            "optim_wrapper.optimizer: unknown type 'SDG'; did you mean 'SGD'?",
        ),
        (
            'optim_wrapper.optimizer.lr=-1',
            'optim_wrapper.optimizer.lr is -1, expected at least 0',
        ),
        (
            'optim_wrapper.optimizer.lr=fast',
            "optim_wrapper.optimizer.lr: SGD expects float, got 'fast' (str)",
        ),
        (
            '+optim_wrapper.clip_grad.max_nrm=1',
            "optim_wrapper.clip_grad has no key 'max_nrm'; did you mean 'max_norm'?",
        ),
        (
            'optim_wrapper.clip_grad.type=nrom',
            "optim_wrapper.clip_grad.type is 'nrom'; did you mean 'norm'?",
        ),
        (
            'optim_wrapper.constructor=DefaultOptimConstructor',
            "optim_wrapper.constructor: unknown type 'DefaultOptimConstructor'; did "
            "you mean 'DefaultOptimWrapperConstructor'?",
        ),
        (
            '+optim_wrapper.paramwise_cfg.norm_decay=0',
            "optim_wrapper.paramwise_cfg has no key 'norm_decay'; did you mean "
            "'norm_decay_mult'?",
        ),
        (
            '+optim_wrapper.paramwise_cfg.custom_keys..token.lr_mul=0',
            "optim_wrapper.paramwise_cfg.custom_keys..token has no key 'lr_mul'; did "
            "you mean 'lr_mult'?",
        ),
        (
            'optim_wrapper.optimizer._delete_=True',
            "optim_wrapper has no optimizer, e.g. dict(type='SGD', lr=0.1)",
        ),
        (
            'param_scheduler.0.type=LinearLRR',
            "param_scheduler.0: unknown type 'LinearLRR'; did you mean 'LinearLR'?",
        ),
        (
            '+param_scheduler.0.begn=1',
            "param_scheduler.0: LinearLR has no argument 'begn'; did you mean 'begin'?",
        ),
        # the rest
        (
            '+default_hooks.checkpont.interval=1',
            "default_hooks has no hook 'checkpont'; did you mean 'checkpoint'?",
        ),
        (
            '+default_hooks.mine.interval=1',
            "default_hooks has no hook 'mine'; there are runtime_info, timer, "
            'sampler_seed, logger, param_scheduler, checkpoint, nan_check, '
            'disparity_check, progress, visualization, report',
        ),
        (
            '+default_hooks.logger.intervl=1',
            "default_hooks.logger: LoggerHook has no argument 'intervl'; did you mean "
            "'interval'?",
        ),
        (
            'default_hooks.timer.type=IterTimeHook',
            "default_hooks.timer: unknown type 'IterTimeHook'; did you mean "
            "'IterTimerHook'?",
        ),
        (
            'custom_hooks.0.type=ZebraHook',
            "custom_hooks.0: unknown type 'ZebraHook'; register it with "
            '@HOOKS.register_module() and name its module in custom_imports',
        ),
        (
            'custom_hooks.0.type=EarlyStopHook',
            "custom_hooks.0: unknown type 'EarlyStopHook'; did you mean "
            "'EarlyStoppingHook'?",
        ),
        (
            'default_hooks.checkpoint.save_best=tinny/top1',
            "default_hooks.checkpoint.save_best is 'tinny/top1', but no metric gives "
            "that; did you mean 'tiny/top1'?",
        ),
        (
            'default_hooks.checkpoint.save_best=top1',
            "default_hooks.checkpoint.save_best is 'top1', but no metric gives that; "
            'there are tiny/...',
        ),
        (
            'val_evaluator.type=TinyMetrics',
            "val_evaluator: unknown type 'TinyMetrics'; did you mean 'TinyMetric'?",
        ),
        (
            'val_evaluator.num_classes=2',
            'val_evaluator.num_classes is 2, but TinyData has 3 classes; set '
            'val_evaluator.num_classes=3',
        ),
        ('randomness.seed=a', "randomness.seed: expects int | None, got 'a' (str)"),
        (
            '+env_cfg.mp_cfg.start_method=fork',
            "env_cfg.mp_cfg has no key 'start_method'; did you mean 'mp_start_method'?",
        ),
        (
            'visualizer.vis_backends.0.type=LocalBackend',
            "visualizer.vis_backends.0: unknown type 'LocalBackend'; did you mean "
            "'LocalVisBackend'?",
        ),
        (
            '+log_processor.windowsize=3',
            "log_processor: LogProcessor has no argument 'windowsize'; did you mean "
            "'window_size'?",
        ),
        (
            'compile=dict(backnd=eager)',
            "compile has no key 'backnd'; did you mean 'backend'?",
        ),
        (
            'compile=dict(mode=reduce-overheads)',
            "compile.mode is 'reduce-overheads', which is not known; did you mean "
            "'reduce-overhead'?",
        ),
        (
            'compile=dict(mode=default,options=dict(max_autotune=True))',
            'compile has mode and options; torch.compile takes one',
        ),
        (
            'model_wrapper_cfg=dict(type=MMDistributedDataParalel)',
            "model_wrapper_cfg: unknown type 'MMDistributedDataParalel'; did you mean "
            "'MMDistributedDataParallel'?",
        ),
        (
            'tta_model=dict(type=Zzz)',
            "tta_model: unknown type 'Zzz'; register it with "
            '@MODELS.register_module() and name its module in custom_imports',
        ),
        (
            'tta_pipeline=[dict(type=TinyCrp, crop_size=3)]',
            "tta_pipeline.0: unknown type 'TinyCrp'; did you mean 'TinyCrop'?",
        ),
    ],
)
def test_one_mistake(override, problem):
    assert problems_of(override) == [problem]


@pytest.mark.parametrize(
    ('missing', 'problems'),
    [
        (['model'], ['model is missing']),
        (['train_cfg'], ['train_cfg is missing, though there is train_dataloader']),
        (
            ['val_cfg', 'val_evaluator'],
            ['val_evaluator is missing, though there is val_dataloader'],
        ),
        (['val_dataloader', 'val_evaluator'], []),
        (['val_dataloader', 'val_cfg', 'val_evaluator'], []),
        (
            ['train_dataloader', 'train_cfg', 'optim_wrapper'],
            ['optim_wrapper is missing, though there is param_scheduler'],
        ),
    ],
)
def test_what_is_missing(missing, problems):
    assert problems_of(**dict.fromkeys(missing)) == problems


def test_all_mistakes_are_found_at_once():
    mistakes = {
        '+optim_wraper.optimizer.lr=0.01': 'unknown key',
        '+model.backbone.dept=1': 'model.backbone: ',
        '+model.head.loss.los_weight=1': 'model.head.loss: ',
        'model.head.in_channels=77': 'model.head.in_channels is 77',
        'model.head.num_classes=2': 'model.head.num_classes is 2',
        'train_dataloader.dataset.pipeline.0.type=A': 'train_dataloader.dataset.pipel',
        'default_hooks.logger.type=LogerHook': 'default_hooks.logger: ',
        'optim_wrapper.optimizer.type=SDG': 'optim_wrapper.optimizer: ',
        'randomness.seed=a': 'randomness.seed: ',
    }
    found = problems_of(*mistakes)
    assert len(found) == len(mistakes)
    for begin in mistakes.values():
        assert sum(problem.startswith(begin) for problem in found) == 1


def test_a_broken_backbone_does_not_hide_the_head():
    assert problems_of('model.backbone.depth=9', '+model.head.loss.wait=1') == [
        'model.backbone: TinyNet: depth must be 1 or 2, got 9',
        "model.head.loss: TinyLoss has no argument 'wait'; it takes no other",
    ]


def test_without_building_names_and_kinds_are_checked_all_the_same():
    cfg = Config(copy.deepcopy(CFG))
    wrong = ['model.backbone.depth=9', 'model.head.in_channels=x', '+model.bckbone=3']
    apply_overrides(cfg, wrong)
    assert [str(problem) for problem in check_config(cfg, build_model=False)] == [
        "model: TinyWhole has no argument 'bckbone'; did you mean 'backbone'?",
        "model.head.in_channels: TinyHead expects int, got 'x' (str)",
    ]


# --- what others write is judged leniently --------------------------------------


class NotForMeta(nn.Module):
    """A constructor that reads values, as one may."""

    def __init__(self, depth=1, **kwargs):
        super().__init__()
        self.first = float(torch.linspace(0, 1, 3)[0])
        if depth < 1:
            raise TypeError('depth is positive\nreally')
        MODELS.build(kwargs.get('inner', dict(type='TinyLoss')))


def model(**kwargs):
    return {'model': dict(type=NotForMeta, **kwargs)}


def test_a_constructor_that_does_not_bear_the_meta_device():
    assert found(model(anything=3)) == []


def test_a_constructor_that_fails_anywhere():
    assert found(model(depth=0)) == ['model: NotForMeta: TypeError: depth is positive']


def test_a_part_that_fails_anywhere():
    cfg = copy.deepcopy(CFG)
    cfg['model']['backbone'] = dict(type='torch.nn.Linear', in_features='a')
    assert found(cfg) == [
        "model.backbone: Linear needs the argument 'out_features' (int)",
        "model.backbone.in_features: Linear expects int, got 'a' (str)",
    ]


def test_building_leaves_the_random_numbers_and_the_config_alone():
    cfg = Config(copy.deepcopy(CFG))
    before = torch.random.get_rng_state()
    check_config(cfg)
    assert torch.equal(before, torch.random.get_rng_state())
    assert cfg.to_dict() == CFG


def test_classes_without_hints_take_what_they_get(monkeypatch):
    class Loose:
        def __init__(self, *args, **kwargs):
            raise AssertionError('foreign constructors are not called')

        def __call__(self, results): ...

    class LooseHook(Hook):
        def __init__(self, a, b=None, **kwargs):
            raise AssertionError('foreign constructors are not called')

    monkeypatch.setitem(TRANSFORMS._module_dict, 'Loose', Loose)
    monkeypatch.setitem(HOOKS._module_dict, 'LooseHook', LooseHook)
    cfg = copy.deepcopy(CFG)
    cfg['train_dataloader']['dataset']['pipeline'] = [
        dict(type='Loose', whatever='x', transforms=[dict(type='Loose')]),
        dict(type='Loose', transforms=[[dict(type='TinyCrop', crop_size=1)], []]),
    ]
    cfg['custom_hooks'] = [dict(type='LooseHook', a=[1], c=dict(type='Nothing'))]
    assert found(cfg) == []


def test_what_is_built_already_is_left_alone():
    cfg = copy.deepcopy(CFG)
    cfg['custom_hooks'] = [Hook()]
    cfg['train_cfg'] = object()
    cfg['train_dataloader'] = torch.utils.data.DataLoader([1])
    cfg['default_hooks']['mine'] = Hook()
    assert found(cfg) == []


def test_datasets_in_datasets():
    cfg = copy.deepcopy(CFG)
    inner = dict(type='TinyData', pipeline=[dict(type='TinyCrp', crop_size=1)])
    cfg['train_dataloader']['dataset'] = dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(type='ConcatDataset', datasets=[inner, inner]),
    )
    cfg['model']['head']['num_classes'] = 2
    message = "unknown type 'TinyCrp'; did you mean 'TinyCrop'?"
    place = 'train_dataloader.dataset.dataset.datasets'
    for key in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        del cfg[key], cfg[key.replace('val_', 'test_', 1)]
    assert found(cfg) == [
        f'{place}.0.pipeline.0: {message}',
        f'{place}.1.pipeline.0: {message}',
        'model.head.num_classes is 2, but TinyData has 3 classes; set '
        'model.head.num_classes=3',
    ]


def test_several_optimizers():
    cfg = copy.deepcopy(CFG)
    wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
    wrong = dict(type='AmpOptimWrapper', optimizer=dict(type='Adm'))
    constructor = 'DefaultOptimWrapperConstructor'
    cfg['optim_wrapper'] = dict(a=wrapper, b=wrong, constructor=f'{constructor}r')
    cfg['param_scheduler'] = dict(a=dict(type='ConstantLR'), b=[dict(type='LinearL')])
    assert found(cfg) == [
        f"optim_wrapper.constructor: unknown type '{constructor}r'; did you mean "
        f"'{constructor}'?",
        "optim_wrapper.b.optimizer: unknown type 'Adm'; did you mean 'Adam'?",
        "param_scheduler.b.0: unknown type 'LinearL'; did you mean 'LinearLR'?",
    ]


def test_muon_and_another_optimizer():
    cfg = copy.deepcopy(CFG)
    cfg['optim_wrapper'] = wrapper = dict(
        constructor='MuonOptimWrapperConstructor',
        optimizer=dict(type='Muon', lr=0.02),
        paramwise_cfg=dict(
            others=dict(type='SGD', lr=0.1),
            custom_keys=dict(head=dict(muon=False, lr_mult=2.0)),
        ),
    )
    assert found(cfg) == []
    wrapper['paramwise_cfg'] = dict(
        others=dict(type='SDG'), custom_keys=dict(head=dict(moun=False))
    )
    wrapper['optimizer']['ns_step'] = 3
    at = 'optim_wrapper.paramwise_cfg'
    assert found(cfg) == [
        f"{at}.others: unknown type 'SDG'; did you mean 'SGD'?",
        f"{at}.custom_keys.head has no key 'moun'; did you mean 'muon'?",
        "optim_wrapper.optimizer: Muon has no argument 'ns_step'; did you mean "
        "'ns_steps'?",
    ]
    wrapper['optimizer'].pop('ns_step')
    wrapper['paramwise_cfg'] = None
    assert found(cfg) == [f'{at}.others is missing: an optimizer for the vectors']


@pytest.mark.parametrize(
    'loop', [dict(by_epoch=True, max_epochs=3), dict(by_epoch=False, max_iters=30)]
)
def test_a_schedule_by_iterations_ends_where_the_training_does(loop):
    schedule = dict(type='TriangularLR', by_epoch=False, peak=0.5)
    assert found(dict(CFG, train_cfg=loop, param_scheduler=schedule)) == []
    schedule = dict(type='TriangularLR', begin=9, end=9)
    (problem,) = found(dict(CFG, train_cfg=loop, param_scheduler=schedule))
    assert problem.startswith('param_scheduler: TriangularLR: end should be larger')


def test_several_metrics():
    cfg = copy.deepcopy(CFG)
    metrics = [dict(type='TinyMetric', prefix='a'), dict(type='TinyMetric', nums=3)]
    cfg['val_evaluator'] = dict(type='Evaluator', metrics=metrics)
    cfg['default_hooks']['checkpoint']['save_best'] = ['a/acc', 'tiny/acc', 'b/acc']
    assert found(cfg) == [
        "val_evaluator.metrics.1: TinyMetric has no argument 'nums'; it takes topk, "
        'num_classes, prefix',
        "default_hooks.checkpoint.save_best is 'b/acc', but no metric gives that; did "
        "you mean 'a/acc'?",
    ]


def test_a_model_with_more_classes_than_the_data_is_fine():
    assert problems_of('model.head.num_classes=1000') == []


@pytest.mark.parametrize(
    ('metric', 'topk', 'good'),
    [
        ('Accuracy', (1, 3), True),
        ('Accuracy', (1, 5), False),
        ('Accuracy', 4, False),
        ('MultiLabelMetric', 5, False),
        ('MultiLabelMetric', None, True),
        ('TinyMetric', 5, True),  # nobody knows what it ranks
    ],
)
def test_topk_of_a_metric_and_the_classes(metric, topk, good):
    metrics = [dict(type='TinyMetric'), dict(type=metric, topk=topk)]
    cfg = dict(CFG, val_evaluator=metrics, test_evaluator=metrics)
    cfg['default_hooks'] = {}
    message = f'val_evaluator.1.topk is {topk}, but model.head.num_classes is 3'
    assert found(cfg) == ([] if good else [f'{message}; ask for 3 at most'])


def test_topk_of_the_head_and_of_the_test():
    metrics = dict(test_evaluator=dict(type='Accuracy', topk=9))
    assert problems_of('model.head.topk=[1, 4]', **metrics) == [
        'model.head.topk is [1, 4], but model.head.num_classes is 3; ask for 3 at most',
        'test_evaluator.topk is 9, but model.head.num_classes is 3; ask for 3 at most',
    ]
    assert problems_of('model.head.num_classes=9', **metrics) == []


RGB = [120.0, 110.0, 100.0]


@pytest.mark.parametrize(
    ('kind', 'given', 'mean', 'reads'),
    [
        ('TinyColourNet', {}, RGB, None),
        ('TinyColourNet', {}, None, None),
        ('TinyColourNet', {}, [1.0], None),  # of all channels
        ('TinyColourNet', dict(in_channels=1), [1.0], None),
        ('TinyColourNet', dict(in_channels=1), RGB, 1),
        ('TinyColourNet', {}, [1.0, 2.0], 3),
        ('TinyGreyNet', {}, RGB, None),  # nobody knows what it reads
        ('TinyNet', {}, RGB, None),
    ],
)
def test_the_channels_of_the_mean_and_of_the_backbone(kind, given, mean, reads):
    cfg = copy.deepcopy(CFG)
    cfg['model']['backbone'] = dict(type=kind, depth=1, **given)
    cfg['data_preprocessor'] = dict(type='ClsDataPreprocessor', mean=mean, std=mean)
    expected = []
    if reads:
        message = (
            f'model.backbone.in_channels is {reads}, but data_preprocessor.mean has '
            f'{len(mean)} values, one per channel; set the mean and std of {reads} '
            f'channel{"" if reads == 1 else "s"} or in_channels={len(mean)}'
        )
        expected = [message]
    assert [str(p) for p in check_channels(Config(cfg))] == expected
    cfg['model']['data_preprocessor'] = cfg['data_preprocessor']
    inside = [m.replace(' data_pre', ' model.data_pre') for m in expected]
    assert [str(p) for p in check_channels(Config(cfg))] == inside


def test_channels_are_compared_when_a_config_is_checked():
    cfg = load_config(Path(__file__).parents[2] / 'configs/resnet18_cifar.py')
    apply_overrides(cfg, ['model.backbone.in_channels=1'])
    (problem,) = check_config(cfg)
    assert problem.path == 'model.backbone.in_channels'


def test_phases_need_their_sections(write):
    cfg = Config(dict(CFG, test_evaluator=None))
    check_phases(cfg, ('train', 'val'))
    write('a.py', f'model = {CFG["model"]}')
    alone = load_config('a.py')
    assert check_config(alone) == []
    with pytest.raises(ConfigError) as caught:
        check_phases(alone, ('train',))
    message = 'a.py: training needs train_dataloader, train_cfg, optim_wrapper'
    assert str(caught.value) == message
    with pytest.raises(ConfigError, match='^testing needs test_evaluator$'):
        check_phases(cfg, ('train', 'test'))


def test_rules_of_a_constructor_of_its_own():
    constructor = 'optim_wrapper.constructor=LearningRateDecayOptimWrapperConstructor'
    rule = '+optim_wrapper.paramwise_cfg.layer_decay_rate=0.9'
    assert problems_of(f'+{constructor}', rule) == []
    assert 'layer_decay_rate' in problems_of(rule)[0]


@pytest.mark.parametrize(
    'place',
    ['model', 'model.head', 'train_cfg', 'default_hooks', 'env_cfg', 'visualizer'],
)
def test_a_number_for_a_key_is_no_name(place):
    cfg = copy.deepcopy(CFG)
    inner = cfg
    for key in place.split('.'):
        inner = inner.setdefault(key, {})
    inner[3] = dict(a=1)
    assert any('3' in line and place in line for line in found(cfg))
    assert any('3' in line for line in found(dict(model={3: 4})))
