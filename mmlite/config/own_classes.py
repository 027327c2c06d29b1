"""Methods of a user's own classes whose names are nearly those that are called."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import Problem, edit_distance
from ..registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS

__all__ = ['advise_methods', 'misspelt_methods']

_REGISTRIES = (HOOKS, METRICS, TRANSFORMS, DATASETS, MODELS)
#: Packages whose classes are inherited from.
_FRAMEWORKS = ('mmlite', 'mmengine', 'torch')
_LEAST_LENGTH = 6  # shorter names are near to others by chance
_LONG = 12  # names of so many letters may have two typos


def advise_methods(cfg: Mapping) -> Iterator[Problem]:
    """Warn of methods that nothing calls, such as ``after_train_epok`` of a hook.

    A class is reported once, at the last of its places, since variables such as
    ``train_pipeline`` come before the sections that use them.
    """
    found = {problem.message: problem for problem in _misspelt_in(cfg, '')}
    yield from found.values()


def _misspelt_in(cfg: Any, path: str) -> Iterator[Problem]:
    if isinstance(cfg, (list, tuple)):
        cfg = dict(enumerate(cfg))
    if not isinstance(cfg, Mapping):
        return
    kind = cfg.get('type')
    for method, meant in misspelt_methods(_class_of(kind)).items():
        yield Problem(
            path,
            f'{kind if isinstance(kind, str) else kind.__name__} defines {method!r}, '
            f'which nothing calls; did you mean {meant!r}?',
        )
    for key, value in cfg.items():
        if isinstance(value, (Mapping, list, tuple)):
            yield from _misspelt_in(value, f'{path}.{key}' if path else str(key))


def misspelt_methods(target: Any) -> dict[str, str]:
    """Methods of a class, by what they should be called.

    Only those of classes outside of the frameworks count, which the class itself does
    not call.

    Example:
        >>> from mmengine.hooks import Hook
        >>> class Say(Hook):
        ...     def after_train_epok(self, runner): ...
        >>> Say.__module__ = 'my_project'
        >>> misspelt_methods(Say)
        {'after_train_epok': 'after_train_epoch'}
    """
    if not inspect.isclass(target) or inspect.isabstract(target):
        return {}  # that one cannot be built is an error by itself
    theirs = [c for c in target.__mro__ if _package(c) in _FRAMEWORKS]
    own = [c for c in target.__mro__ if c not in theirs and c is not object]
    known = {n for c in theirs for n, value in vars(c).items() if callable(value)}
    functions = {
        name: value
        for c in own
        for name, value in vars(c).items()
        if inspect.isfunction(value)
    }
    called = {name for function in functions.values() for name in _names_in(function)}
    found = {}
    for name in functions:
        if name.startswith('_') or name in known or name in called:
            continue
        if near := _nearest(name, known - set(functions)):
            found[name] = near
    return found


def _nearest(name: str, known: set[str]) -> str | None:
    """The name that a few typos lead from, if there is one."""
    if len(name) < _LEAST_LENGTH:
        return None
    limit = 2 if len(name) >= _LONG else 1
    near = [word for word in known if abs(len(word) - len(name)) <= limit]
    near = [word for word in near if not word.startswith('_')]
    distances = {word: edit_distance(name, word) for word in sorted(near)}
    best = min(distances, key=distances.__getitem__, default=None)
    return best if best is not None and distances[best] <= limit else None


def _names_in(function: Any) -> tuple[str, ...]:
    return function.__code__.co_names


def _package(target: type) -> str:
    return target.__module__.partition('.')[0]


def _class_of(kind: Any) -> Any:
    if not isinstance(kind, str):
        return kind
    found = (registry.module_dict.get(kind) for registry in _REGISTRIES)
    return next((target for target in found if target is not None), None)
