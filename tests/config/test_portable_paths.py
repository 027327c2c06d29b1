r"""Configs and recipes from Windows, macOS and Linux: ``C:\``, blanks, case."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from support.tiny_folders import class_folders

from mmlite.apis import new_recipe
from mmlite.config import load_config, parse_value, source_text
from mmlite.errors import ConfigError

WINDOWS = str(PureWindowsPath('C:/new data/table/résumé'))


@pytest.mark.parametrize('path', [WINDOWS, r'\\server\share\x', 'D:\\', '/mnt/a b'])
def test_a_path_as_an_option_is_what_was_typed(path):
    """No backslash of it begins an escape, as in ``\\n`` or ``\\t``."""
    assert parse_value(path) == path
    cfg = load_config(dict(work_dir='out'), [f'work_dir={path}'])
    assert cfg.work_dir == path


@pytest.mark.parametrize('path', [WINDOWS, '/it\'s/a "folder"'])
def test_a_path_in_a_recipe_reads_back(path):
    names: dict = {}
    exec(source_text(dict(data_root=path)), names)
    assert names['data_root'] == path


@pytest.mark.parametrize(
    'name', ['Photos of été', "it's", '猫', 'UPPER.case', 'a-b_c.d']
)
def test_recipes_for_folders_of_any_name(name):
    class_folders(Path(name))
    recipe = new_recipe(name)
    assert not set(recipe.name) & set(' "\'\\/:*?<>|')
    cfg = load_config(recipe)
    assert cfg.train_dataloader.dataset.data_root == str(Path(name).absolute())


def test_names_of_configs_of_the_package_have_slashes_on_every_system():
    one = load_config('mmlite::_base_/models/lenet5.py')
    assert one.model.backbone.type == 'LeNet5'
    with pytest.raises(ConfigError, match=r'did you mean .*lenet5\.py'):
        load_config('mmlite::_base_/models/lenet55.py')


def test_backslashes_in_a_base_are_slashes():
    Path('bases').mkdir()
    Path('bases/one.py').write_text('a = 1\n')
    Path('mine.py').write_text("_base_ = 'bases\\\\one.py'\n")
    assert load_config('mine.py').a == 1
    Path('other.py').write_text("_base_ = 'mmlite::_base_\\\\models\\\\lenet5.py'\n")
    assert load_config('other.py').model.backbone.type == 'LeNet5'


def test_a_file_with_the_line_ends_and_the_mark_of_windows():
    Path('mine.py').write_bytes(b'\xef\xbb\xbfa = 1\r\nb = dict(\r\n    c=2)\r\n')
    cfg = load_config('mine.py')
    assert (cfg.a, cfg.b.c) == (1, 2)
