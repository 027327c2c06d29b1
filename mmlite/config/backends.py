"""What the storage backends of a visualizer need to be installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from ..errors import MissingDependencyError, Problem

__all__ = ['backend_problems']

# For each backend the packages that it imports; of those in one tuple, any does.
_PACKAGES = {
    'AimVisBackend': [('aim',)],
    'ClearMLVisBackend': [('clearml',)],
    'DVCLiveVisBackend': [('dvclive',), ('pygit2',)],
    'MLflowVisBackend': [('mlflow',)],
    'NeptuneVisBackend': [('neptune',)],
    'TensorboardVisBackend': [('tensorboard',)],  # tensorboardX does not do
    'WandbVisBackend': [('wandb',)],
}
_EXTRAS = ('tensorboard', 'wandb')


def backend_problems(cfgs: Any) -> list[Problem]:
    """Which backends cannot work, as a package is not installed.

    Args:
        cfgs: The section ``vis_backends``: a dict, or several.

    Example:
        >>> backend_problems([dict(type='LocalVisBackend')])
        []
    """
    several = isinstance(cfgs, (list, tuple))
    problems = []
    for i, cfg in enumerate(cfgs if several else [cfgs]):
        kind = cfg.get('type') if isinstance(cfg, Mapping) else None
        name = getattr(kind, '__name__', kind)
        for packages in _PACKAGES.get(name, ()) if isinstance(name, str) else ():
            if not any(map(find_spec, packages)):
                message = _message(packages[0], name)
                problems.append(Problem(str(i) if several else '', message))
    return problems


def _message(package: str, name: str) -> str:
    if package in _EXTRAS:
        return str(MissingDependencyError(package, package, name))
    return f'{name} needs the package {package!r}; pip install {package}'
