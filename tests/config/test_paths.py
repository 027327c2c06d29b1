"""Data alone, such as JSON or a value of an option, names no code to be run."""

import json
import re

import pytest
from mmengine.config import Config
from support.tiny_config import refused

from mmlite.config import check_config, load_config
from mmlite.errors import ConfigError
from mmlite.registry import FUNCTIONS, HOOKS, MODELS, TRANSFORMS

RUNS = dict(type='os.system', command='touch ran')
MODULE = """
import os
import torch

class Own(torch.nn.Module):
    pass

class NoPart:
    def __init__(self):
        open('ran', 'w').close()

def function():
    open('ran', 'w').close()
"""


def model(**parts):
    return dict(model=dict(type='TinyWhole', **parts))


@pytest.fixture
def nothing_runs(tmp_path):
    yield
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    ('cfg', 'place'),
    [
        (model(backbone=RUNS), 'model.backbone'),
        (model(init_cfg=[RUNS]), 'model.init_cfg.0'),
        (dict(custom_hooks=[dict(type='EMAHook', ema_type='os.system')]), 'ema_type'),
        (dict(optim_wrapper=dict(constructor='os.system')), 'optim_wrapper.const'),
        (dict(train_dataloader=dict(collate_fn=RUNS)), 'train_dataloader.collate_fn'),
        (dict(kind='x.y', model=dict(type='torch.nn.Bilinear')), 'model'),
    ],
)
@pytest.mark.parametrize('suffix', ['json', 'yaml'])
def test_a_path_in_a_file_of_data(write, nothing_runs, cfg, place, suffix):
    name = write(f'c.{suffix}', json.dumps(cfg))  # which YAML holds too
    message = refused(name)
    assert message.startswith(f'c.{suffix}: ')
    assert place in message
    assert 'is a dotted path, which only a Python config can name' in message


def test_data_below_a_python_config(write, nothing_runs):
    write('base.json', json.dumps(model(backbone=RUNS)))
    name = write('c.py', "_base_ = 'base.json'")
    assert refused(name).startswith("c.py: model.backbone: 'os.system' is a dotted")
    write('base.json', json.dumps(dict(kind='os.system')))
    name = write('c.py', "_base_ = 'base.json'\nmodel = dict(type={{_base_.kind}})")
    assert refused(name).startswith("c.py: model: 'os.system' is a dotted path")


@pytest.mark.parametrize(
    'override',
    [
        'model.backbone=dict(type=os.system,command=touch ran)',
        'model.backbone.type=os.system',
        'kind=os.system',
        'custom_hooks=[dict(type=os.system,command=touch ran)]',
    ],
)
def test_a_path_in_an_option(write, nothing_runs, override):
    text = "kind = 'TinyNet'\nmodel = dict(type='TinyWhole', backbone=dict(type=kind))"
    assert "'os.system' is a dotted path" in refused(write('c.py', text), [override])


def test_looking_at_an_option_imports_nothing(write, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    write('sneaky.py', "open('ran', 'w').close()")
    name = write(
        'c.py', "model = dict(type='TinyWhole', backbone=dict(type='TinyNet'))"
    )
    refused(name, ['model.backbone.type=sneaky.Net', '+model.backbone.x=1'])
    assert not (tmp_path / 'ran').exists()


def test_a_python_config_names_classes_that_the_place_can_hold(write, nothing_runs):
    name = write('c.py', "model = dict(type='torch.nn.ReLU')")
    assert check_config(load_config(name)) == []
    name = write('c.py', f'model = {RUNS}')
    (problem,) = check_config(load_config(name))
    assert 'system is a function that is not registered' in str(problem)
    name = write(
        'c.py', f'import os\nmodel = {dict(RUNS, type=1)}'.replace('1', 'os.system')
    )
    (problem,) = check_config(load_config(name))
    assert 'system is a function that is not registered' in str(problem)


@pytest.mark.parametrize('kind', ['shutil.rmtree', 'os.getcwd'])
@pytest.mark.parametrize('registry', [TRANSFORMS, FUNCTIONS, MODELS, HOOKS])
def test_no_path_leads_to_a_function_that_nobody_registered(registry, kind):
    assert registry.get(kind) is None
    with pytest.raises(ConfigError, match='is a function that is not registered'):
        registry.build(dict(type=kind))


@pytest.mark.parametrize(
    ('override', 'said'),
    [
        (dict(name='fc', type='os.system'), ': posix.system is a function'),
        ([dict(name='fc', type='Constnt')], r"\.0: unknown type .* 'Constant'"),
        (dict(name='fc', std=1), ': the key type is missing'),
        (dict(type='Constant'), " has no key name, .* got 'type'"),
        ('fc', " is a dict with the name of a child, got 'fc'"),
        (dict(name='fc'), None),
        (dict(name='fc', type='Constant', val=1), None),
    ],
)
def test_what_the_child_of_a_part_is_initialised_with(override, said):
    init_cfg = dict(type='Normal', layer='Linear', override=override)
    head = dict(type='LinearClsHead', num_classes=2, in_channels=3, init_cfg=init_cfg)
    problems = check_config(Config(dict(model=head)))
    if said is None:
        assert problems == []
    else:
        assert re.search(rf'^model\.init_cfg\.override{said}', str(problems[0]))


def test_what_a_module_in_custom_imports_defines(write, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    write('own_parts.py', MODULE)
    imports = dict(custom_imports=dict(imports=['own_parts']))

    def found(kind):
        name = write('c.json', json.dumps(dict(model=dict(type=kind), **imports)))
        try:
            return [str(p) for p in check_config(load_config(name))]
        except ConfigError as error:
            return [str(error)]

    assert found('own_parts.Own') == []
    (message,) = found('own_parts.os.system')  # which it only imports
    assert 'is a dotted path' in message
    (message,) = found('own_parts.torch.nn.Bilinear')
    assert 'is a dotted path' in message
    (message,) = found('own_parts.function')
    assert 'is a dotted path' in message
    (message,) = found('own_parts.NoPart')
    assert 'NoPart is a class that is not registered' in message
    assert not (tmp_path / 'ran').exists()


def test_registered_names_may_be_written_as_paths(write):
    path = f'{MODELS.get("TinyNet").__module__}.TinyNet'
    for kind in ('TinyNet', 'mmpretrain.TinyNet', path):
        name = write('c.json', json.dumps(dict(model=dict(type=kind, depth=1))))
        assert check_config(load_config(name)) == []


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('a.json', '{"model": {"trust_remote_code": true}}'),
        ('a.yaml', 'model:\n  parts:\n  - trust_remote_code: yes\n'),
    ],
)
def test_data_do_not_ask_for_code_of_others(write, name, text):
    message = 'trust_remote_code: runs code that is downloaded, which only a Python'
    assert message in refused(write(name, text))
    assert message in refused(write('c.py', f'_base_ = {name!r}'))
    write('d.py', "model = dict(type='A')")
    for option in (
        'model.trust_remote_code=True',
        '+model.trust_remote_code=True',
        'model.head=dict(a=[dict(trust_remote_code=1)])',
    ):
        assert message in refused('d.py', [option])
    trusted = write('e.py', 'model = dict(trust_remote_code=True)')
    assert load_config(trusted).model.trust_remote_code
