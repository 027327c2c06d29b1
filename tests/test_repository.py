"""What lies beside the package: the commands, the pins and the pages agree."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import mmlite

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in ('*.md', 'docs/**/*.md', 'configs/**/*.md')
    for path in ROOT.glob(pattern)
)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding='utf-8')


@pytest.fixture
def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(read('setup.cfg'))
    return parser


def package_names(requirements: str) -> list[str]:
    lines = [line.strip() for line in requirements.splitlines()]
    return [re.match(r'[\w-]+', x)[0] for x in lines if re.match('[a-zA-Z]', x)]


def test_the_readme_and_the_ci_run_the_same_command():
    command = "pip install -c constraints.txt -e '.[tests]' && pytest"
    assert f'```bash\n{command}\n```' in read('README.md')
    assert command in read('.ci/run')


@pytest.mark.parametrize('python', ['3.10', '3.13'])
def test_every_dependency_is_pinned_once(setup_cfg, python):
    extras = setup_cfg['options.extras_require']
    needed = package_names(setup_cfg['options']['install_requires'] + extras['tests'])
    lines = [x for x in read('constraints.txt').splitlines() if not x.startswith('#')]
    pins = [Requirement(line) for line in lines]
    here = dict(python_version=python)
    pinned = [p.name for p in pins if p.marker is None or p.marker.evaluate(here)]
    assert all(re.fullmatch(r'==[\d.]+', str(pin.specifier)) for pin in pins)
    assert len(set(pinned)) == len(pinned)
    assert set(needed) <= set(pinned)


def test_the_workflow_covers_the_oldest_and_the_newest_python(setup_cfg):
    classifiers = setup_cfg['metadata']['classifiers']
    versions = re.findall(r'Python :: (3\.\d+)', classifiers)
    workflow = yaml.safe_load(read('.github/workflows/ci.yml'))
    tested = [
        c['python'] for c in workflow['jobs']['test']['strategy']['matrix']['include']
    ]
    assert tested == [versions[0], versions[-1]]
    oldest = re.search(r'torch>=([\d.]+)', setup_cfg['options']['install_requires'])[1]
    assert f'torch=={oldest}.*' in read('.github/workflows/ci.yml')
    assert setup_cfg['options']['python_requires'] == f'>={versions[0]}'


def test_the_changelog_begins_with_this_version():
    released = re.findall(r'^## \[([\d.]+)\]', read('CHANGELOG.md'), re.MULTILINE)
    assert released[0] == mmlite.__version__


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(
        r'\]\(([^)#\s]+)[^)]*\)', page.read_text(encoding='utf-8')
    ):
        if not re.match(r'[a-z]+:', target):
            assert (page.parent / target).exists(), f'{page.name} links to {target}'


def test_yaml_files_are_well_formed():
    for path in ('.pre-commit-config.yaml', '.github/workflows/ci.yml'):
        assert isinstance(yaml.safe_load(read(path)), dict)


def test_everybody_lints_with_the_same_ruff():
    used = re.search(r'ruff==([\d.]+)', read('.github/workflows/ci.yml'))[1]
    assert f'ruff-pre-commit\n    rev: v{used}\n' in read('.pre-commit-config.yaml')
    assert f'ruff=={used}\n' in read('constraints.txt')


def python(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, **environment},
        text=True,
        capture_output=True,
    )


def test_a_folder_that_is_called_as_the_package_is_not_taken_for_it(tmp_path):
    (tmp_path / 'mmlite').mkdir()
    done = python('-m', 'mmlite', '--version', cwd=tmp_path)
    assert (done.stdout.strip(), done.returncode) == (mmlite.__version__, 0)


def test_a_checkout_that_is_not_installed_says_so(tmp_path):
    (tmp_path / 'mmlite').mkdir()
    shutil.copy(ROOT / '__main__.py', tmp_path / 'mmlite')
    # Without site-packages, and so without what is installed.
    done = python('-S', '-m', 'mmlite', cwd=tmp_path, PYTHONPATH='')
    (line,) = done.stderr.splitlines()
    assert 'is a checkout of mmlite' in line
    assert line.endswith(f'pip install -e {tmp_path / "mmlite"}')
    assert done.returncode == 1


@pytest.mark.slow
def test_the_recipes_travel_in_the_wheel(tmp_path):
    pytest.importorskip('setuptools', minversion='77')
    source, installed = tmp_path / 'source', tmp_path / 'installed'
    for name in ('mmlite', 'configs'):
        shutil.copytree(ROOT / name, source / name)
    for name in ('setup.cfg', 'setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(ROOT / name, source)
    build = 'from setuptools import build_meta; build_meta.build_wheel("dist")'
    subprocess.run([sys.executable, '-c', build], cwd=source, check=True)
    (wheel,) = source.glob('dist/*.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
        names = archive.namelist()
    recipes = [p.relative_to(ROOT).as_posix() for p in ROOT.glob('configs/**/*.py')]
    assert {f'mmlite/{name}' for name in recipes} <= set(names)

    (tmp_path / 'mine.py').write_text(
        "_base_ = 'mmlite::resnet/resnet50_8xb32_in1k.py'\nwork_dir = 'mine'\n"
    )
    for config in ('mine.py', 'mmlite::resnet/resnet50_8xb32_in1k.py'):
        words = f'["print-config", "{config}"]'
        done = subprocess.run(
            [sys.executable, '-c', f'from mmlite.apis import cli; cli.main({words})'],
            cwd=tmp_path,
            env={**os.environ, 'PYTHONPATH': str(installed)},
            capture_output=True,
            text=True,
        )
        assert 'depth=50' in done.stdout, done.stderr


def test_ruff_finds_nothing():
    beside = shutil.which('ruff', path=str(Path(sys.executable).parent))
    ruff = beside or shutil.which('ruff')
    for arguments in (['check'], ['format', '--check']):
        done = subprocess.run(
            [ruff, *arguments, '.'], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.skipif(os.name == 'nt', reason='a bash script')
class TestCiRun:
    """.ci/run with stand-ins for python, pip and pytest."""

    CLOSING = '===== 3 passed, 1 skipped in 2.71s ====='

    def run(self, folder: Path, pip: int = 0, pytest: int = 0, python: int = 0):
        (folder / '.ci').mkdir()
        shutil.copy(ROOT / '.ci/run', folder / '.ci/run')
        bin_dir = folder / 'bin'
        bin_dir.mkdir()
        self.program(bin_dir / 'pip', f'echo pip "$@"; exit {pip}')
        self.program(bin_dir / 'pytest', f'cat; echo "{self.CLOSING}"; exit {pytest}')
        self.program(
            bin_dir / 'python3',
            f'[ "$1" = -c ] && exit {python}\n'
            'mkdir -p "$3/bin" && touch "$3/bin/activate" && echo "$3" > made',
        )
        for name in ('python', 'apt-get', *(f'python3.{i}' for i in range(10, 14))):
            self.program(bin_dir / name, 'exit 1')
        env = {**os.environ, 'PATH': f'{bin_dir}{os.pathsep}/usr/bin{os.pathsep}/bin'}
        env.pop('PYTHON', None)
        return subprocess.run(
            [folder / '.ci/run'],
            cwd=folder.parent,
            env=env,
            capture_output=True,
            text=True,
        )

    @staticmethod
    def program(path: Path, body: str) -> None:
        path.write_text(f'#!/bin/bash\n{body}\n')
        path.chmod(0o755)

    def test_success_ends_in_the_closing_line(self, tmp_path):
        done = self.run(tmp_path)
        assert done.returncode == 0
        lines = done.stdout.splitlines()
        assert lines[0] == 'pip install -c constraints.txt -e .[tests]'
        assert lines[-1] == self.CLOSING
        assert not Path((tmp_path / 'made').read_text().strip()).exists()

    @pytest.mark.parametrize('code', [1, 2, 5])
    def test_failed_tests_fail_the_run(self, tmp_path, code):
        done = self.run(tmp_path, pytest=code)
        assert done.returncode == code
        assert done.stdout.splitlines()[-1] == self.CLOSING

    def test_a_failed_installation_fails_the_run(self, tmp_path):
        done = self.run(tmp_path, pip=1)
        assert done.returncode == 1
        assert self.CLOSING not in done.stdout

    def test_an_old_python_is_refused(self, tmp_path):
        done = self.run(tmp_path, python=1)
        assert done.returncode == 1
        assert done.stderr == (
            '.ci/run needs Python 3.10 or newer; set PYTHON to its path\n'
        )


@pytest.mark.skipif(os.name == 'nt', reason='a bash script')
@pytest.mark.parametrize(('tests', 'benchmarks'), [(0, 0), (1, 0), (0, 1)])
def test_a_day_with_a_gpu_runs_tests_and_benchmarks(tmp_path, tests, benchmarks):
    """.ci/gpu with a stand-in for python; one that fails keeps nothing else."""
    (tmp_path / '.ci').mkdir()
    shutil.copy(ROOT / '.ci/gpu', tmp_path / '.ci/gpu')
    (tmp_path / 'bin').mkdir()
    TestCiRun.program(
        tmp_path / 'bin/python',
        f'[ "$1" = -c ] && exit 1\necho "$@"\n'
        f'[ "$1" = -m ] && exit {tests} || exit {benchmarks}',
    )
    path = f'{tmp_path / "bin"}{os.pathsep}/usr/bin{os.pathsep}/bin'
    done = subprocess.run(
        [tmp_path / '.ci/gpu', '--only', 'G1'],
        env={**os.environ, 'PATH': path, 'OUT': str(tmp_path / 'out')},
        capture_output=True,
        text=True,
    )
    assert done.returncode == (tests or benchmarks)
    first, last = done.stdout.splitlines()
    assert first.startswith('-m pytest ') and ' -m gpu ' in first
    assert last.startswith('benchmarks/gpu.py --all --budget 4')
    assert last.endswith('--only G1')
    assert (tmp_path / 'out/table.log').read_text().strip() == last
