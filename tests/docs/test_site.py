"""The site is built without a warning, and holds every page."""

from __future__ import annotations

import importlib.util
import re
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


#: Packages whose public names are for other packages of mmlite alone.
INNER = {
    'mmlite.apis.commands',
    'mmlite.apis.recipes',
    'mmlite.apis.zoo',
    'mmlite.datasets.layouts',
    'mmlite.saved',
}


def pages_of(conf: Path) -> tuple[str, ...]:
    """The packages that have a page of the reference."""
    spec = importlib.util.spec_from_file_location('conf', conf)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.REFERENCE


def test_every_package_with_public_names_is_in_the_reference():
    packages = {
        '.'.join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / 'mmlite').glob('*/**/__init__.py')
        if re.search(r"^__all__ = \[\s*'", path.read_text(), re.M)
    }
    assert packages - set(pages_of(ROOT / 'docs/conf.py')) == INNER


def test_items_of_lists_in_docstrings_are_indented():
    """Sphinx warns otherwise, and the reference of all packages takes it minutes."""
    item = re.compile(r'^( *)- \S.*\n(?!\1 | *\n| *- | *""")(.*)', re.M)
    for path in (ROOT / 'mmlite').rglob('*.py'):
        found = item.search(path.read_text(encoding='utf-8'))
        assert not found, f'{path}: indent {found[2].strip()!r}'


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
    known = pages_of(tmp_path / 'docs/conf.py')
    assert {'mmlite.apis', 'mmlite.models.necks'} < set(known)
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
