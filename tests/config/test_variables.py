import pytest

from mmlite.config import load_config
from mmlite.config.variables import unread_variables

BASE = """
pipeline = [dict(type='PackInputs')]
root = 'data'
train_dataloader = dict(batch_size=4, dataset=dict(root=root, pipeline=pipeline))
"""


@pytest.fixture
def unread(write):
    write('base.py', BASE)

    def found(text, name='c.py'):
        return dict(unread_variables(load_config(write(name, text))))

    return found


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (
            'batch_size = 8',
            'is a variable that nothing uses; did you mean '
            'train_dataloader.batch_size?',
        ),
        ("head_cfg = dict(type='X')", 'is a variable that nothing uses'),
        (
            "root = 'elsewhere'",
            'is set anew after the base files have used it, and changes nothing of '
            'theirs; set what they build from it, too; did you mean '
            'train_dataloader.dataset.root?',
        ),
    ],
)
def test_a_variable_without_effect(unread, line, message):
    name = line.partition(' =')[0]
    assert unread(f"_base_ = 'base.py'\n{line}") == {name: message}


@pytest.mark.parametrize(
    'text',
    [
        pytest.param(BASE, id='used in its own file'),
        pytest.param("_base_ = 'base.py'", id='used in the base'),
        pytest.param(
            "_base_ = 'base.py'\nroot = 'b'\ntrain_dataloader = dict("
            'dataset=dict(root=root))',
            id='set anew and used',
        ),
        pytest.param(
            "_base_ = 'base.py'\nmine = _base_.root + '/x'\nval_dataloader = dict("
            'dataset=dict(root=mine))',
            id='made of a variable of the base',
        ),
        pytest.param("_base_ = 'base.py'\n_private = 3", id='private'),
        pytest.param("_base_ = 'base.py'\nwork_dir = 'x'", id='a setting'),
        pytest.param('lr = 0.1', id='dumped, where names are gone'),
        pytest.param(
            'norm = dict(a=1)\nother = dict(b=norm)\nmodel = dict(neck=dict(**other))',
            id='used by way of another',
        ),
    ],
)
def test_a_variable_with_effect(unread, text):
    assert unread(text) == {}


def test_a_variable_of_a_base_is_used_by_mark(unread, write):
    write('size.py', 'size = 3')
    text = "_base_ = 'size.py'\nmodel = dict(size={{_base_.size}})"
    assert unread(text) == {}
    assert unread('a: 1\nmodel:\n  b: 2', 'c.yaml') == {}
