"""Dotted paths, which only a Python config may name.

A Python config is a program. JSON, YAML and the values of options are data: they
name what is registered, and what a module in ``custom_imports`` defines.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from ..lookup import loaded_object, scoped
from ..registry import REGISTRIES, Registry

__all__ = ['check_paths', 'check_trust', 'is_data', 'strings_in']


def is_data(filename: str | Path | None) -> bool:
    """Whether a config was read from a file that holds data alone."""
    return filename is not None and Path(filename).suffix not in ('', '.py')


def strings_in(value: Any) -> set[str]:
    """All strings in a value that could be dotted paths, keys left out."""
    if isinstance(value, str):
        return {value} if '.' in value else set()
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, (list, tuple, set)):
        return set()
    return set().union(*map(strings_in, value))


#: What Hugging Face's packages run the code of a repository by.
_TRUST = 'trust_remote_code'


def check_trust(value: Any, keys: tuple[str, ...] = ()) -> list[Problem]:
    """Check that data do not ask for code of others to be run.

    Args:
        value: What came as data.
        keys: Where it stands.
    """
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    problems = []
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        place = (*keys, str(key))
        if key == _TRUST and inner:
            message = 'runs code that is downloaded, which only a Python config can ask'
            problems.append(Problem('.'.join(place), f'{message} for'))
        problems += check_trust(inner, place)
    return problems


def check_paths(cfg: Config, data: Collection[str] | None = None) -> list[Problem]:
    """Check that no ``type`` of a config is a dotted path that came as data.

    Args:
        cfg: A config, after its ``custom_imports``.
        data: The strings that came as data; None is all of them.

    Returns:
        One problem for each path that is neither registered nor of a class that
        a module in ``custom_imports`` defines. Nothing is imported to find out.
    """
    imported = _imported(cfg)
    return [
        Problem(
            '.'.join(keys),
            f'{kind!r} is a dotted path, which only a Python config can name; register '
            'the class and name its module in custom_imports',
        )
        for keys, kind in _types(dict(cfg.items()), ())
        if '.' in kind
        and (data is None or kind in data)
        and scoped(kind)[0] is not None
        and not _is_known(kind, imported)
    ]


def _types(node: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every string from which something is built, with its place."""
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        name = str(key)
        names_class = name.endswith(('type', 'constructor'))
        if isinstance(value, str) and names_class:
            yield (keys if name == 'type' else (*keys, name)), value
        else:
            yield from _types(value, (*keys, name))


def _is_known(path: str, imported: Collection[str]) -> bool:
    found = loaded_object(path)
    if found is None:
        return False
    if any(
        found is known
        for registry in REGISTRIES.values()
        for known in _registered(registry)
    ):
        return True
    # What it merely imports is of another module.
    module = getattr(found, '__module__', None) or ''
    return inspect.isclass(found) and any(
        path.startswith(f'{name}.') and f'{module}.'.startswith(f'{name}.')
        for name in imported
    )


def _registered(registry: Registry) -> list[Any]:
    registry.import_from_location()
    return [*registry.module_dict.values(), *registry.parent.module_dict.values()]


def _imported(cfg: Config) -> list[str]:
    section = cfg.get('custom_imports')
    names = section.get('imports') if isinstance(section, Mapping) else section
    return [names] if isinstance(names, str) else list(names or ())
