"""The tables beside the recipes say what the recipes are."""

from pathlib import Path

import pytest
import torch

from mmlite.config import load_config
from mmlite.registry import MODELS

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(p.parent for p in ROOT.glob('configs/*/README.md'))


def rows(folder: Path) -> dict[str, list[str]]:
    """The cells of every row, by the recipe's file name."""
    found = {}
    for line in (folder / 'README.md').read_text().splitlines():
        if line.startswith('| ['):
            cells = [cell.strip() for cell in line.strip('|').split('|')]
            found[cells[0].split('(')[1].rstrip(')')] = cells
    return found


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
    for name, cells in rows(folder).items():
        if cells[3]:
            text = (folder / name).read_text()
            figures = [f'{cells[3]} % top-1', f'mean error {cells[3]} px']
            figures += [f'Rank-1 {cells[3].split()[0]} %']
            figures += [cells[3]] if cells[3].startswith('AP50') else []
            assert any(figure in text for figure in figures), name


def test_every_folder_of_recipes_has_a_table():
    folders = {p.parent for p in ROOT.glob('configs/*/*.py')}
    assert folders - {ROOT / 'configs/_base_'} == set(FOLDERS)
