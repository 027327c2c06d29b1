import pytest

from mmlite.config import base_of, differences, flattened, load_config
from mmlite.errors import ConfigError


def test_what_a_config_changes_in_its_base(tmp_path):
    (tmp_path / 'base.py').write_text(
        "model = dict(type='A', depth=18, neck=dict(type='N'))\nsteps = [1, 2]\n"
    )
    (tmp_path / 'mine.py').write_text(
        "_base_ = 'base.py'\nmodel = dict(depth=34, neck=None)\nlr = 0.1\n"
    )
    path = tmp_path / 'mine.py'
    found = differences(base_of(path), load_config(path, ['+steps=[3]']).to_dict())
    assert sorted(found) == [
        ('lr', '', '0.1'),
        ('model.depth', '18', '34'),
        ('model.neck', '{...}', 'None'),
        ('steps', '[1, 2]', '[3]'),
    ]


def test_a_config_without_a_base(tmp_path):
    (tmp_path / 'alone.py').write_text('a = 1\n')
    assert base_of(tmp_path / 'alone.py') is None
    with pytest.raises(ConfigError, match='no config file'):
        base_of(tmp_path / 'absent.py')


def test_what_is_missing_in_the_second_is_said():
    found = differences(dict(a=dict(b=1, c=2)), dict(a=dict(b=1)))
    assert found == [('a.c', '2', '')]
    assert flattened(dict(a=[], b=dict())) == {'a': '[]', 'b': '{}'}
