"""A class, a function or bytes in the place of a dict, a number or a text."""

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from support.tiny_config import CFG, found

from mmlite.config import check_config, load_config


def test_a_class_builds_nothing_by_itself():
    cfg = copy.deepcopy(CFG)
    cfg['optim_wrapper'] = dict(optimizer=torch.optim.SGD)
    (problem,) = found(cfg)
    assert problem == (
        'optim_wrapper.optimizer: expected a dict with a type, got '
        "<class 'torch.optim.sgd.SGD'> (type); write dict(type=SGD)"
    )


@pytest.mark.parametrize('value', [dict, len, b'x', {1}, 1j])
@pytest.mark.parametrize(
    'place',
    [
        'model',
        'model.head',
        'train_dataloader.dataset',
        'train_dataloader.sampler',
        'train_dataloader.batch_size',
        'train_dataloader',
        'train_cfg',
        'val_evaluator',
        'optim_wrapper',
        'optim_wrapper.optimizer',
        'param_scheduler',
        'default_hooks.logger',
        'custom_hooks',
        'visualizer',
        'env_cfg',
        'randomness',
        'work_dir',
    ],
)
def test_it_is_refused_in_its_place(place, value):
    cfg = copy.deepcopy(CFG)
    *keys, last = place.split('.')
    inner = cfg
    for key in keys:
        inner = inner.setdefault(key, {})
    inner[last] = value
    assert any(place in line and repr(value) in line for line in found(cfg))


@pytest.mark.parametrize('key', ['collate_fn', 'worker_init_fn'])
def test_a_function_stays_where_one_is_called(key):
    cfg = copy.deepcopy(CFG)
    cfg['train_dataloader'][key] = len
    assert found(cfg) == []


def test_a_type_that_is_a_list_is_no_type():
    cfg = Config(dict(model=dict(type=['ResNet'])))
    assert [str(p) for p in check_config(cfg)] == [
        "model.type: a type is a name or a class, got ['ResNet'] (list)"
    ]


def test_a_function_is_not_left_out_where_a_section_is_due(write):
    """Functions of a file are no settings, but one that is assigned is."""
    text = 'def help(): ...\nmine = len\ntrain_cfg = len\n'
    assert list(load_config(write('c.py', text))) == ['train_cfg']


def test_numbers_of_numpy_are_those_of_python(write):
    text = 'import numpy as np\na = dict(n=[np.int64(4)], x=np.float32(0.5))\nb = np.pi'
    cfg = load_config(write('c.py', text))
    assert (type(cfg.a.n[0]), cfg.a.x, cfg.b) == (int, 0.5, np.pi)
    assert type(load_config(dict(n=np.int64(4))).n) is int


@pytest.mark.parametrize(
    ('section', 'problem'),
    [
        (
            dict(env_cfg=dict(dist_cfg=dict(backned='gloo'))),
            "env_cfg.dist_cfg has no key 'backned'; did you mean 'backend'?",
        ),
        (
            dict(env_cfg=dict(dist_cfg=dict(backend='glo'))),
            "env_cfg.dist_cfg.backend is 'glo', which is not known; did you mean "
            "'gloo'?",
        ),
        (
            dict(log_processor=dict(custom_cfg=[dict(data_scr='loss')])),
            "log_processor.custom_cfg.0 has no key 'data_scr'; did you mean "
            "'data_src'?",
        ),
        (
            dict(log_processor=dict(custom_cfg=[dict(log_name='smooth')])),
            'log_processor.custom_cfg.0 has no data_src, the name of what is logged, '
            "e.g. 'loss'",
        ),
        (
            dict(
                optim_wrapper=dict(optimizer=dict(type='SGD', lr=1), paramwise_cgf={})
            ),
            "optim_wrapper: OptimWrapper has no argument 'paramwise_cgf'; did you mean "
            "'paramwise_cfg'?",
        ),
        (
            dict(custom_hooks=[dict(type='EMAHook', interval=0)]),
            'custom_hooks.0: EMAHook: interval must be at least 1, got 0',
        ),
        (
            dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=1, momentum=2))),
            'optim_wrapper.optimizer.momentum is 2, expected at most 1',
        ),
        (
            dict(param_scheduler=[dict(type='StepLR', step_size=3, epoch_lenght=9)]),
            "param_scheduler.0: StepLR has no argument 'epoch_lenght'; did you mean "
            "'epoch_length'?",
        ),
    ],
)
def test_what_somebody_else_would_read_is_checked(section, problem):
    assert problem in found({**copy.deepcopy(CFG), **section})


@pytest.mark.parametrize('backend', ['hccl', 'cpu:gloo,cuda:nccl', 'NCCL', 'mine'])
def test_a_backend_of_a_plugin_is_none_of_our_business(backend):
    cfg = copy.deepcopy(CFG)
    cfg['env_cfg'] = dict(dist_cfg=dict(backend=backend, port=29500))
    assert found(cfg) == []
