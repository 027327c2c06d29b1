"""A work_dir with a recipe and its lists is moved, copied, or taken apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from support import tiny_folders

from mmlite.apis.recipes import recipe_for_training
from mmlite.apis.zoo.configs import config_at
from mmlite.config import config_text, find_moved_lists, load_config, write_config
from mmlite.registry import DATASETS


def trained() -> Path:
    """A work_dir as a training leaves it: recipe, lists, whole config, checkpoint."""
    tiny_folders.class_folders(Path('pets'))
    recipe, folder = recipe_for_training('pets', 'out')
    cfg = load_config(recipe)
    write_config(cfg, folder / 'whole.py')
    meta = dict(cfg=config_text(cfg))
    torch.save(dict(state_dict=dict(a=torch.ones(1)), meta=meta), folder / 'one.pth')
    return recipe


def listed(cfg: Config, split: str) -> list[Path]:
    """The files that a split reads."""
    dataset = cfg[f'{split}_dataloader'].dataset
    return [Path(dataset.ann_file), Path(dataset.classes)]


@pytest.mark.parametrize('name', ['recipe', 'whole.py', 'one.pth'])
def test_a_work_dir_that_is_moved(name):
    recipe = trained()
    name = recipe.name if name == 'recipe' else name
    Path('a').mkdir()
    shutil.move('out', "a/it's here")
    here = Path("a/it's here").absolute()
    cfg = config_at(f"a/it's here/{name}")
    for split, count in (('train', 10), ('val', 2), ('test', 2)):
        file = 'train.txt' if split == 'train' else 'val.txt'
        dataset = cfg[f'{split}_dataloader'].dataset
        assert listed(cfg, split) == [here / file, here / 'classes.txt']
        assert Path(dataset.data_root) == Path('pets').absolute()
        assert len(DATASETS.build(dataset)) == count
    assert Path(cfg.lists) == here


def test_lists_that_are_where_they_were_are_read_there():
    """A copy of the recipe, and one with other lists of the same names beside it."""
    recipe, out = trained(), Path('out').absolute()
    shutil.copy(recipe, 'mine.py')
    shutil.copytree('out', 'copy')
    for path in ('mine.py', f'copy/{recipe.name}', 'copy/one.pth'):
        cfg = config_at(path)
        assert listed(cfg, 'val') == [out / 'val.txt', out / 'classes.txt']
        assert Path(cfg.lists) == out


def test_a_list_that_is_nowhere_keeps_its_path():
    """So that the message is of the file that is missing."""
    recipe, out = trained(), Path('out').absolute()
    shutil.move('out', 'away')
    Path('away/val.txt').unlink()
    away = Path('away').absolute()
    cfg = load_config(Path('away', recipe.name))
    assert listed(cfg, 'val') == [out / 'val.txt', away / 'classes.txt']


def test_an_option_goes_before_what_lies_there():
    recipe = trained()
    shutil.move('out', 'away')
    shutil.copytree('away', 'other')
    other = Path('other').absolute()
    cfg = load_config(Path('away', recipe.name), [f'lists={other}'])
    assert listed(cfg, 'val') == [other / 'val.txt', other / 'classes.txt']
    one = 'val_dataloader.dataset.classes=[dog,cat]'
    cfg = config_at('away/one.pth', [one])
    assert cfg.val_dataloader.dataset.classes == ['dog', 'cat']


@pytest.mark.parametrize('lists', [None, '', ['/gone'], dict(a='/gone/a.txt')])
def test_a_variable_of_that_name_that_is_no_folder(lists):
    Path('a.txt').write_text('')
    content = dict(lists=lists, file='/gone/a.txt')
    cfg = Config(content)
    find_moved_lists(cfg, '.')
    assert cfg.to_dict() == content


def test_lists_within_lists():
    Path('a.txt').write_text('')
    cfg = Config(dict(lists='/gone', x=[dict(y=('/gone/a.txt', '/gone/b.txt', 1))]))
    find_moved_lists(cfg, '.')
    there = Path('a.txt').absolute().as_posix()
    assert cfg.x[0].y == (there, '/gone/b.txt', 1)
