"""A user's own folder: a package and configs, and mmlite's configs beside them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.runs import ROOT

WALKTHROUGH = ROOT / 'tests/walkthrough'


def make_folder(path: Path, *packages: str) -> Path:
    """The packages, the configs, and mmlite's configs beside them."""
    for package in packages or ('my_project', 'my_selfsup'):
        shutil.copytree(WALKTHROUGH / package, path / package)
    (path / 'configs').symlink_to(ROOT / 'configs')
    for config in WALKTHROUGH.glob('my_*.py'):
        shutil.copy(config, path)
    return path


def run_tool(tool: str, folder: Path, *words: str | Path) -> str:
    """Run a script of mmlite in a process, where the package is on no path."""
    environment = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / tool, *words],
        cwd=folder,
        env=environment | dict(OMP_NUM_THREADS='1'),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
