import copy

import pytest
from mmengine.config import Config, ConfigDict

from mmlite.config import apply_overrides
from mmlite.errors import ConfigError

CFG = dict(
    model=dict(
        type='TinyWhole',
        backbone=dict(type='TinyNet', depth=1),
        head=dict(type='TinyHead', num_classes=3, in_channels=8),
    ),
    train_cfg=dict(by_epoch=True, max_epochs=3),
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.1, momentum=0.9),
        paramwise_cfg=dict(custom_keys={'.cls_token': dict(decay_mult=0.0)}),
    ),
    train_dataloader=dict(batch_size=4, dataset=dict(type='TinyData')),
    param_scheduler=[dict(type='LinearLR', end=2), dict(type='ConstantLR')],
    default_hooks=dict(logger=dict(type='LoggerHook', interval=10)),
    train_pipeline=[dict(type='TinyCrop', crop_size=8), dict(type='Other')],
    sizes=(1, (2, 3)),
    title='x',
    nothing=None,
)


def changed(*overrides):
    cfg = apply_overrides(Config(copy.deepcopy(CFG)), overrides)
    assert isinstance(cfg, Config)
    return cfg


def refused(*overrides):
    with pytest.raises(ConfigError) as caught:
        changed(*overrides)
    return str(caught.value)


@pytest.mark.parametrize(
    ('override', 'path', 'value'),
    [
        ('model.backbone.depth=2', 'model.backbone.depth', 2),
        ('title=hello world', 'title', 'hello world'),
        ("title=['a b','c']", 'title', ['a b', 'c']),
        ('title="1"', 'title', '1'),
        ('title=', 'title', ''),
        ('title=none', 'title', None),
        ('title={a: 1}', 'title', {'a': 1}),
        ('title=dict(a=1)', 'title', {'a': 1}),
        ('sizes.0=7', 'sizes', (7, (2, 3))),
        ('sizes.1.-1=7', 'sizes', (1, (2, 7))),
        ('train_pipeline.-1.type=TinyCrop', 'train_pipeline.1.type', 'TinyCrop'),
        ('train_pipeline.0=5', 'train_pipeline.0', 5),
        ('param_scheduler.1.end=9', 'param_scheduler.1.end', 9),
        ('train_cfg.val_begin=2', 'train_cfg.val_begin', 2),
        ('custom_hooks=[dict(type=EMAHook)]', 'custom_hooks', [dict(type='EMAHook')]),
        ('resume=true', 'resume', True),
        (
            'optim_wrapper.optimizer.nesterov=True',
            'optim_wrapper.optimizer.nesterov',
            True,
        ),
        ('optim_wrapper.clip_grad.max_norm=5', 'optim_wrapper.clip_grad.max_norm', 5),
        (
            'model.backbone.init_cfg.type=Kaiming',
            'model.backbone.init_cfg.type',
            'Kaiming',
        ),
        ('model.head.loss.loss_weight=2', 'model.head.loss', dict(loss_weight=2)),
        (
            'train_dataloader.persistent_workers=1',
            'train_dataloader.persistent_workers',
            1,
        ),
        ('default_hooks.checkpoint.interval=5', 'default_hooks.checkpoint.interval', 5),
        ('default_hooks.logger.priority=LOW', 'default_hooks.logger.priority', 'LOW'),
        (
            'env_cfg.mp_cfg.mp_start_method=spawn',
            'env_cfg.mp_cfg.mp_start_method',
            'spawn',
        ),
        ('data_preprocessor.mean=[1,2,3]', 'data_preprocessor.mean', [1, 2, 3]),
        ('nothing.at.all=1', 'nothing.at.all', 1),
        ('+new=1', 'new', 1),
        ('+new.deep.er=1', 'new.deep.er', 1),
        ('+title2=dict(a=dict(b=1))', 'title2.a.b', 1),
        ('+model.backbone.unknown=1', 'model.backbone.unknown', 1),
    ],
)
def test_what_is_changed(override, path, value):
    cfg = changed(override)
    node = cfg
    for key in path.split('.'):
        node = node[int(key) if isinstance(node, (list, tuple)) else key]
    assert node == value
    assert type(node) is (ConfigDict if isinstance(value, dict) else type(value))


def test_a_key_with_dots_in_it():
    cfg = changed('optim_wrapper.paramwise_cfg.custom_keys..cls_token.decay_mult=0.5')
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys['.cls_token'].decay_mult == 0.5


def test_the_last_of_two_counts():
    assert changed('title=a', 'title=b').title == 'b'


def test_a_dict_goes_into_a_dict():
    cfg = changed('model.backbone=dict(width=4)')
    assert cfg.model.backbone == dict(type='TinyNet', depth=1, width=4)
    cfg = apply_overrides(cfg, {'model': dict(backbone=dict(depth=2))})
    assert cfg.model.backbone == dict(type='TinyNet', depth=2, width=4)


def test_a_dict_replaces_a_dict():
    cfg = changed('model.backbone=dict(_delete_=True, type=TinyLoss)')
    assert cfg.model.backbone == dict(type='TinyLoss')


def test_delete_empties_first_whatever_the_order():
    optimizer = 'optim_wrapper.optimizer'
    cfg = changed(f'{optimizer}.type=AdamW', f'{optimizer}._delete_=true')
    assert cfg.optim_wrapper.optimizer == dict(type='AdamW')


def test_delete_alone_removes():
    cfg = changed('model.head._delete_=True', 'train_cfg._delete_=True')
    assert 'head' not in cfg.model
    assert 'train_cfg' not in cfg


def test_a_shared_dict_changes_in_one_place_only():
    shared = ConfigDict(batch_size=1)
    cfg = Config(dict(val_dataloader=shared, test_dataloader=shared))
    apply_overrides(cfg, ['val_dataloader.batch_size=2'])
    assert cfg.test_dataloader.batch_size == 1


def test_values_can_be_used_as_attributes():
    cfg = changed('custom_hooks=[dict(type=EMAHook)]')
    assert cfg.custom_hooks[0].type == 'EMAHook'


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        (
            'model.backbone.dept=18',
            "model.backbone: TinyNet has no argument 'dept'; did you mean 'depth'?",
        ),
        (
            'model.backbone.zzz=18',
            "model.backbone: TinyNet has no argument 'zzz'; it takes depth, width, "
            'style, init_cfg',
        ),
        (
            'optim_wraper.optimizer.lr=0.01',
            "unknown key 'optim_wraper'; did you mean 'optim_wrapper'? "
            '(to add a new key, write +optim_wraper.optimizer.lr=...)',
        ),
        (
            'lr=0.01',
            "unknown key 'lr'; did you mean optim_wrapper.optimizer.lr? "
            '(to add a new key, write +lr=...)',
        ),
        (
            'backbone.depth=2',
            "unknown key 'backbone'; did you mean model.backbone? "
            '(to add a new key, write +backbone.depth=...)',
        ),
        (
            'titel=x',
            "unknown key 'titel'; did you mean 'title'? "
            '(to add a new key, write +titel=...)',
        ),
        (
            'lr_config.policy=step',
            "unknown key 'lr_config'; that is now param_scheduler "
            '(to add a new key, write +lr_config.policy=...)',
        ),
        *(
            (
                f'{plus}{key}=1',
                f'the key {key!r} has an empty part; write one dot between two names',
            )
            for plus in ('', '+')
            for key in ('model..backbone', '.model', 'model.')
        ),
        (
            'default_hooks.checkpont.interval=1',
            "default_hooks has no key 'checkpont'; did you mean 'checkpoint'?",
        ),
        (
            'randomness.sed=1',
            "randomness has no key 'sed'; did you mean 'seed'?",
        ),
        (
            'env_cfg.mp_cfg.threads=1',
            "env_cfg.mp_cfg has no key 'threads'; it takes mp_start_method, "
            'opencv_num_threads',
        ),
        (
            'train_cfg.max_epoch=1',
            "train_cfg has no key 'max_epoch'; did you mean 'max_epochs'?",
        ),
        (
            'param_scheduler.end=1',
            "param_scheduler is a list of 2, which takes an index, not 'end'; "
            'e.g. param_scheduler.0.end=...',
        ),
        (
            'param_scheduler.2.end=1',
            'param_scheduler is a list of 2, and has no item 2',
        ),
        (
            'sizes.1.-3=1',
            'sizes.1 is a tuple of 2, and has no item -3',
        ),
        (
            'model.backbone.depth.x=1',
            "model.backbone.depth is 1 (int), which has no key 'x'",
        ),
        (
            'model.backbone=dict(dept=2)',
            "model.backbone: TinyNet has no argument 'dept'; did you mean 'depth'?",
        ),
        (
            'optim_wrapper.optimizer.type=AdamW',
            "optim_wrapper.optimizer: AdamW has no argument 'momentum', left over from "
            'SGD; add optim_wrapper.optimizer._delete_=True to start from an empty '
            'dict',
        ),
    ],
)
def test_what_is_refused(override, message):
    assert refused(override) == message


def test_all_that_is_refused_is_reported():
    lines = refused('titel=x', 'title=y', 'model.backbone.dept=1').splitlines()
    assert len(lines) == 2


def test_an_argument_of_the_new_type_may_come_before_it():
    cfg = changed(
        'optim_wrapper.optimizer.betas=(0.9,0.99)',
        'optim_wrapper.optimizer.type=AdamW',
        'optim_wrapper.optimizer._delete_=True',
    )
    assert cfg.optim_wrapper.optimizer == dict(type='AdamW', betas=(0.9, 0.99))


def test_arguments_of_an_unknown_type_are_left_to_the_check():
    cfg = changed('model.backbone.type=TinyNett', 'model.backbone.wide=3')
    assert cfg.model.backbone.wide == 3


def test_nothing_is_changed_when_something_is_refused():
    cfg = Config(copy.deepcopy(CFG))
    with pytest.raises(ConfigError):
        apply_overrides(cfg, ['title=y', 'titel=x'])
    assert cfg.title == 'x'
