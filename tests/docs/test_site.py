"""The site is built without a warning, and holds every page."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from mmlite.apis.commands import COMMANDS

ROOT = Path(__file__).parents[2]


def test_every_page_is_in_the_index():
    listed = (ROOT / 'docs/index.md').read_text().splitlines()
    pages = {page.stem for page in (ROOT / 'docs').glob('*.md')} - {'index'}
    assert pages <= set(listed)


def test_every_command_is_on_the_page_of_tools():
    page = (ROOT / 'docs/tools.md').read_text()
    for command in COMMANDS:
        assert f'| `mmlite {command.name}` |' in page, command.name


def test_pictures_are_small():
    for picture in (ROOT / 'docs/images').iterdir():
        assert picture.stat().st_size < 200_000, picture


@pytest.mark.slow
def test_it_is_built_without_warnings(tmp_path, monkeypatch):
    for package in ('sphinx', 'myst_parser', 'furo'):
        pytest.importorskip(package, reason='pip install mmlite[docs]')
    from sphinx.application import Sphinx

    shutil.copytree(ROOT / 'docs', tmp_path / 'docs', ignore=_built)
    # The reference of two packages stands for that of all: rendering takes minutes.
    spec = importlib.util.spec_from_file_location('conf', tmp_path / 'docs/conf.py')
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    assert {'mmlite.apis', 'mmlite.models.necks'} < set(conf.REFERENCE)
    text = (tmp_path / 'docs/conf.py').read_text()
    short = "REFERENCE = ('mmlite.apis', 'mmlite.models.necks')\n\n_OUTSIDE"
    (tmp_path / 'docs/conf.py').write_text(text.replace('_OUTSIDE', short, 1))
    app = Sphinx(
        tmp_path / 'docs',
        tmp_path / 'docs',
        tmp_path / 'site',
        tmp_path / 'trees',
        'html',
        status=None,
        warningiserror=True,
    )
    app.build()
    assert app.statuscode == 0
    for page in (ROOT / 'docs').glob('*.md'):
        assert (tmp_path / 'site' / f'{page.stem}.html').is_file()
    reference = (tmp_path / 'site/api/mmlite.models.necks.html').read_text()
    assert 'GlobalAveragePooling' in reference


def _built(folder: str, names: list[str]) -> set[str]:
    return {'_build', 'api'} & set(names)
