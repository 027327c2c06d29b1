"""A config that is written reads back as it was."""

import math

import numpy as np
import pytest
import torch
from mmengine.config import Config
from support.runs import DIGITS

from mmlite.config import (
    config_of_text,
    config_text,
    load_config,
    plain_config,
    write_config,
)


def collate(batch):
    return batch


CONTENT = dict(
    optimizer=dict(type=torch.optim.SGD, lr=0.1, betas=(0.9,), none=None),
    names={'a-b': 1, "it's": 'a "quoted" \\ text\nof two lines', 3: [(), [], {}]},
    keyword={'class': 1, 'lambda': 2},
    size=[1, (2, [3, dict(a=4)])],
    flags=[True, False, -1.5e-7, 10**20],
)


def written(cfg, path):
    write_config(cfg, path)
    return load_config(path)


@pytest.mark.parametrize('suffix', ['.py', '.json', '.yaml'])
def test_what_is_written_reads_back_equal(tmp_path, suffix):
    content = dict(CONTENT, names={'a-b': 1, 'x': 'two\nlines'}, size=[1, [2]])
    content['optimizer'] = dict(type=torch.optim.SGD, lr=0.1, none=None)
    expected = dict(content)
    expected['optimizer'] = dict(type='torch.optim.sgd.SGD', lr=0.1, none=None)
    cfg = plain_config(Config(content))
    assert cfg.to_dict() == expected
    write_config(Config(content), tmp_path / f'a{suffix}')
    assert Config.fromfile(tmp_path / f'a{suffix}').to_dict() == expected


def test_any_plain_content(tmp_path):
    cfg = Config(dict(CONTENT, optimizer=None))
    assert written(cfg, tmp_path / 'a.py').to_dict() == cfg.to_dict()


@pytest.mark.parametrize('number', [math.inf, -math.inf, math.nan])
def test_numbers_that_are_no_literals(tmp_path, number):
    cfg = written(Config(dict(a=[number], b=dict(c=number))), tmp_path / 'a.py')
    for value in (cfg.a[0], cfg.b.c):
        assert isinstance(value, float)
        assert value == number or math.isnan(value) and math.isnan(number)


def test_what_is_no_data_becomes_its_name_or_its_values():
    cfg = Config(
        dict(
            a=collate,
            b=torch.float16,
            c=np.float32(0.5),
            d=np.arange(3),
            e=[torch.nn.functional.relu],
        )
    )
    names = plain_config(cfg)
    assert names.a == f'{__name__}.collate'
    assert (names.b, names.c, names.d) == ('torch.float16', 0.5, [0, 1, 2])
    assert names.e == ['torch.nn.functional.relu']


def test_it_is_the_text_of_mmengine_where_that_can_be_read():
    cfg = load_config(DIGITS)
    assert config_text(cfg) == cfg.pretty_text


ODD = dict(
    range=range(1, 9, 2),
    slice=slice(1, None, 2),
    frozenset=frozenset([1.5]),
    set={math.inf},
    complex=complex(math.inf, -1),
    bytes=b'x',
    ellipsis=...,
    keys={(1, 2): 3, 4: 5},
)


@pytest.mark.parametrize('name', ODD)
def test_values_that_only_python_has(tmp_path, name):
    cfg = Config(dict(a=dict(x=ODD[name])))
    assert written(cfg, tmp_path / 'a.py').a.x == ODD[name]
    assert config_of_text(config_text(cfg), 'a.pth').a.x == ODD[name]
    for suffix in ('.json', '.yaml'):  # which have others instead
        assert 'x' in written(cfg, tmp_path / f'a{suffix}').a
