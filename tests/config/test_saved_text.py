"""The config that a checkpoint holds is read as data."""

import math

import pytest
from mmengine.config import Config

from mmlite.config import config_of_text, load_config
from mmlite.errors import ConfigError

VALUES = dict(
    model=dict(type='A', depth=18, rates=[1e-3, -2.5], size=(3, 4), on=True, off=None),
    note='two\nlines',
    odd={'a b': 1, 3: 'three'},
    nothing=[],
    alone=(1,),
)


def test_everything_that_a_config_is_written_with():
    text = Config(VALUES).pretty_text
    assert config_of_text(text, 'a.pth').to_dict() == VALUES


@pytest.mark.parametrize('name', ['resnet18_digits', 'resnet/resnet50_8xb32_in1k'])
def test_configs_of_the_tree(repo_root, name):
    cfg = load_config(repo_root / f'configs/{name}.py')
    assert config_of_text(cfg.pretty_text, 'a.pth').to_dict() == cfg.to_dict()


def test_infinity_and_nan():
    cfg = config_of_text("low = -float('inf')\nodd = float('nan')", 'a.pth')
    assert cfg.low == -math.inf and math.isnan(cfg.odd)


@pytest.mark.parametrize(
    'line',
    [
        'import os',
        "a = __import__('os').system('touch hacked')",
        "a = open('hacked', 'w')",
        'a = [x for x in (1, 2)]',
        'a = dict(**b)',
        'a = b',
        'a = f"{1}"',
        'a.b = 1',
        'for i in (): pass',
        'a = -"b"',
        "a = float('1'*9)",
        'a = {[]: 1}',
        'a = ' + '(' * 300 + ')' * 300,
        'a = (',
        'a = "\0"',
    ],
)
def test_nothing_is_run(line, tmp_path):
    with pytest.raises(ConfigError, match=r'^a\.pth: .*not a plain value; give'):
        config_of_text(line, 'a.pth')
    assert not list(tmp_path.iterdir())


def test_modules_that_it_names_are_reported_and_not_imported(capsys):
    text = "custom_imports = dict(imports=['antigravity', 'ast'])"
    assert 'custom_imports' not in config_of_text(text, 'a.pth')
    said = ''.join(capsys.readouterr())
    assert 'a.pth: its config imports antigravity, which' in said
    config_of_text(text, 'a.pth', announce=False)
    assert not ''.join(capsys.readouterr())


def test_a_part_of_such_a_module_is_refused_with_the_command(tmp_path):
    text = "custom_imports = dict(imports=['antigravity'])\n"
    text += "model = dict(type='ImageClassifier', backbone=dict(type='{}'))"
    for name in ('mine_whole.py', 'mine.py'):
        (tmp_path / name).touch()
    source = str(tmp_path / 'a.pth')
    assert config_of_text(text.format('ResNet'), source).model.backbone.type == 'ResNet'
    with pytest.raises(ConfigError) as caught:
        config_of_text(text.format('MineAlone'), source)
    assert 'its model is of ' in str(caught.value) and 'MineAlone' in str(caught.value)
    command = f'name the config before it: {tmp_path / "mine.py"} {source}'
    assert str(caught.value).endswith(command)


def test_code_of_others_is_not_asked_for():
    text = "model = dict(type='A', parts=[dict(trust_remote_code=True)])"
    with pytest.raises(ConfigError, match=r'parts.0.trust_remote_code: runs code that'):
        config_of_text(text, 'a.pth')
