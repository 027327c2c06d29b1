"""The tables beside the recipes say what the recipes are."""

import re
from pathlib import Path

import pytest
import torch

from mmlite.config import load_config
from mmlite.registry import MODELS

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(p.parent for p in ROOT.glob('configs/*/README.md'))


#: How the docstring of a recipe states the figure of a column.
FORMS = {
    'Top-1 (%)': r'{} % top-1',
    'Recall@1 (%)': r'recall@1 {} %',
    'Rank-1 (%)': r'Rank-1 {} %',
    'EPE (px)': r'mean error {} px',
    'Figure': r'AP50 {}',
}


def table(folder: Path) -> tuple[list[str], dict[str, list[str]]]:
    """The head, and the cells of every row by the recipe's file name."""
    head: list[str] = []
    found = {}
    for line in (folder / 'README.md').read_text().splitlines():
        if line.startswith('| Recipe'):
            head = [cell.strip() for cell in line.strip('|').split('|')]
        if line.startswith('| ['):
            cells = [cell.strip() for cell in line.strip('|').split('|')]
            found[cells[0].split('(')[1].rstrip(')')] = cells
    return head, found


def rows(folder: Path) -> dict[str, list[str]]:
    return table(folder)[1]


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda f: f.name)
def test_every_recipe_has_its_row(folder):
    assert sorted(rows(folder)) == sorted(p.name for p in folder.glob('*.py'))


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda f: f.name)
def test_parameter_counts_are_those_of_the_models(folder):
    for name, cells in rows(folder).items():
        with torch.device('meta'):
            model = MODELS.build(load_config(folder / name).model)
        millions = sum(p.numel() for p in model.parameters()) / 1e6
        assert f'{millions:.2f}' == cells[2], name


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda f: f.name)
def test_the_expected_figure_is_that_of_the_table(folder):
    """Of the column's kind; without one in the table there is none in the recipe."""
    head, recipes = table(folder)
    form = FORMS[head[3]]
    for name, cells in recipes.items():
        text = ' '.join((folder / name).read_text().split('"""')[1].split())
        if cells[3]:
            figure = cells[3].removeprefix('AP50 ').split()[0]
            assert form.format(figure) in text, name
        else:
            assert not re.search(form.format(r'[\d.]+'), text), name


def test_every_folder_of_recipes_has_a_table():
    folders = {p.parent for p in ROOT.glob('configs/*/*.py')}
    assert folders - {ROOT / 'configs/_base_'} == set(FOLDERS)
