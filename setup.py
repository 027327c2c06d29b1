"""Bring the recipes of ``configs`` along in the wheel, as ``mmlite/configs``."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfigs(build_py):
    """Build the package with the recipes that lie beside it."""

    def run(self) -> None:
        """Build; an editable installation finds the recipes where they lie."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, 'mmlite', 'configs')
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(
                'configs', target, ignore=shutil.ignore_patterns('__pycache__')
            )


setup(cmdclass=dict(build_py=BuildWithConfigs))
