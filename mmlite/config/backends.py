"""What the storage backends of a visualizer need to be installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from mmengine.config import Config, ConfigDict

from ..errors import MissingDependencyError, Problem, UserError, suggestion

__all__ = ['SERVICES', 'add_backends', 'backend_problems']

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
#: Weights & Biases counts what is sent to it; curves are to be over iterations.
_SETTINGS = {
    'WandbVisBackend': dict(define_metric_cfg=[dict(name='*', step_metric='iter')])
}
_EXTRAS = ('tensorboard', 'wandb')
#: Backends by what their service is called.
SERVICES = {
    kind.removesuffix('VisBackend').lower(): kind
    for kind in ('LocalVisBackend', *_PACKAGES)
}


def add_backends(cfg: Config, services: Sequence[str]) -> None:
    """Log a run to further services as well; its own files are still written.

    Args:
        cfg: The config, which is changed.
        services: E.g. ``['tensorboard', 'wandb']``.

    Raises:
        UserError: if there is no such service.

    Example:
        >>> cfg = Config(dict(model=dict()))
        >>> add_backends(cfg, ['tensorboard'])
        >>> [backend.type for backend in cfg.visualizer.vis_backends]
        ['LocalVisBackend', 'TensorboardVisBackend']
    """
    kinds = []
    for service in services:
        if service.lower() not in SERVICES:
            hint = suggestion(service, sorted(SERVICES))
            raise UserError(f'there is no service {service!r} to log to{hint}')
        kinds.append(SERVICES[service.lower()])
    if not kinds:
        return
    visualizer = cfg.get('visualizer') or ConfigDict(type='UniversalVisualizer')
    backends = visualizer.get('vis_backends') or cfg.get('vis_backends')
    backends = [backends] if isinstance(backends, Mapping) else list(backends or ())
    backends = backends or [ConfigDict(type='LocalVisBackend')]
    known = [backend.get('type') for backend in backends]
    backends += [
        ConfigDict(type=kind, **_SETTINGS.get(kind, {}))
        for kind in kinds
        if kind not in known
    ]
    cfg.visualizer = ConfigDict(visualizer, vis_backends=backends)


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
