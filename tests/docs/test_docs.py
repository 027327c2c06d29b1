"""The pages are right: their code runs, their links and names lead somewhere."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import run_page
from support.run_page import LANGUAGES, blocks_of

from mmlite import registry
from mmlite.apis.cli import main
from mmlite.apis.commands import COMMANDS
from mmlite.config.schema import top_level_keys
from mmlite.registry import Registry

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md')], key=lambda page: page.name
)
WITH_CODE = [
    page
    for page in PAGES
    if any(block.language in LANGUAGES for block in blocks_of(page.read_text()))
]

FOLDERS = ('benchmarks', 'configs', 'docs', 'mmlite', 'tests', 'tools')

each_page = pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)


def prose(page: Path) -> str:
    """A page without its code blocks and comments."""
    text = re.sub(r'^```.*?^```$', '', page.read_text(), flags=re.M | re.S)
    return re.sub(r'<!--.*?-->', '', text, flags=re.S)


def quoted(page: Path) -> list[str]:
    """What stands in backticks."""
    return re.findall(r'`([^`\n]+)`', prose(page))


@pytest.mark.slow
@pytest.mark.parametrize('page', WITH_CODE, ids=lambda page: page.name)
def test_code_runs(page, tmp_path):
    for folder in ('configs', 'tools'):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    environment = dict(
        os.environ,
        CUDA_VISIBLE_DEVICES='',  # commands run in forks, which CUDA does not bear
        OMP_NUM_THREADS='1',
        PATH=f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',
    )
    result = subprocess.run(
        [sys.executable, run_page.__file__, page],
        cwd=tmp_path,
        env=environment,
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-6000:]


@each_page
def test_blocks_have_a_language(page):
    unknown = [
        f'{page.name}:{block.line}'
        for block in blocks_of(page.read_text())
        if block.language not in (*LANGUAGES, 'text')
    ]
    assert not unknown, 'use a language that can be run, or text'


def headings(page: Path) -> set[str]:
    """The anchors that a page has, as GitHub makes them."""
    lines = re.findall(r'^#+ (.+)$', prose(page), flags=re.M)
    return {re.sub(r'[^\w\- ]', '', line.lower()).replace(' ', '-') for line in lines}


@each_page
def test_links_into_pages_lead_to_a_heading(page):
    for file, anchor in re.findall(r'\]\(([\w./-]*\.md)?#([^)\s]+)\)', prose(page)):
        linked = page.parent / file if file else page
        assert anchor in headings(linked), f'{page.name} links to {file}#{anchor}'


@each_page
def test_paths_exist(page):
    for text in quoted(page):
        if re.fullmatch(rf'({"|".join(FOLDERS)})/[\w./-]*', text):
            assert (ROOT / text).exists(), f'{page.name} names {text}'


@each_page
def test_dotted_names_exist(page):
    for name in quoted(page):
        if re.fullmatch(r'mmlite(\.\w+)+', name):
            resolve(name)


def resolve(name: str) -> object:
    """The module, class or function of a dotted name."""
    parts = name.split('.')
    for i in range(len(parts), 0, -1):
        try:
            found = importlib.import_module('.'.join(parts[:i]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[i:]:
            found = getattr(found, attribute)
        return found
    raise AssertionError(f'there is no {name}')


@each_page
def test_tables_of_parts_name_registered_ones(page):
    names = set()
    for value in vars(registry).values():
        if isinstance(value, Registry):
            names.update(value.names())
    for table in re.findall(
        r'^\| kind \| parts \|\n\| --- \| --- \|\n((?:\|.*\n)+)', page.read_text(), re.M
    ):
        parts = re.findall(r'`(\w+)`', table)
        assert parts
        assert not set(parts) - names


def test_the_table_of_keys_names_all_that_are_read():
    table = (ROOT / 'docs/config.md').read_text().split('| key | what it sets |')[1]
    names = [row.split('|')[1] for row in table.splitlines() if row.startswith('|')]
    keys = re.findall(r'`(\w+)`', ''.join(names))
    assert sorted(keys) == sorted(top_level_keys())


@each_page
def test_options_exist(page, capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command.name, '--help'])
    known = set(re.findall(r'--[\w-]+', capsys.readouterr().out))
    named = [text for text in quoted(page) if re.match(r'--[a-z]', text)]
    assert {re.match(r'--[\w-]+', text)[0] for text in named} <= known


#: Packages of users that no page shows.
NOT_SHOWN = ('kinds/', 'my_kinds', 'my_points', 'points.py')

#: The pages that show what users write.
GUIDES = ('add_modules.md', 'add_detector.md', 'add_selfsup.md')


def test_the_guides_show_the_walkthrough():
    pages = [(ROOT / 'docs' / guide).read_text() for guide in GUIDES]
    blocks = [block for page in pages for block in blocks_of(page)]
    shown = {block.file: block.text for block in blocks if block.file}
    folder = ROOT / 'tests/walkthrough'
    for name, text in shown.items():
        written = (folder / name).read_text()
        assert text.split('\n', 1)[1].strip() == written.strip(), name
    files = [p for p in folder.rglob('*.py') if not p.name.startswith('test_')]
    names = {p.relative_to(folder).as_posix() for p in files}
    assert set(shown) == {n for n in names if not n.startswith(NOT_SHOWN)}
