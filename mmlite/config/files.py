"""Find a config file, or suggest similar names."""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from ..errors import ConfigError
from ..given import absence

__all__ = ['SUFFIXES', 'find_file', 'nearest_files', 'of_package', 'shown']

SUFFIXES = ('.py', '.yaml', '.yml', '.json')
_OF_PACKAGE = '::'
_INSTALLED = ('configs', '.mim/configs')  # the latter is that of OpenMMLab's
_CHECKOUT = ('setup.cfg', 'setup.py', 'pyproject.toml')
_MOST_FILES = 5000


def shown(path: Path) -> str:
    """A path as short as it can be read from the current directory."""
    path = Path(os.path.normpath(path))
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def find_file(name: str | Path) -> Path:
    """The path of a config, if it can be read there.

    Args:
        name: A path, or ``package::path`` for a config of an installed package.

    Raises:
        ConfigError: if there is none; names the nearest ones.
    """
    path = of_package(str(name)) or Path(name).expanduser()
    if path.is_dir():
        inside = min(path.glob('*.py'), key=lambda file: len(file.name), default=None)
        example = f', e.g. {shown(inside)}' if inside else ''
        raise ConfigError(f'{shown(path)} is a folder; give a config in it{example}')
    if path.exists() and not path.is_file():
        raise ConfigError(f'{shown(path)} {absence(path)}; name a config')
    if not path.is_file():
        near = nearest_files(path, path.parent, Path('configs'))
        raise ConfigError(f'no config file {shown(path)!r}{near}')
    if path.suffix not in SUFFIXES:
        raise ConfigError(
            f'{shown(path)!r} is not a config; the name of one ends in '
            f'{", ".join(SUFFIXES)}'
        )
    return path


def of_package(name: str) -> Path | None:
    """The file that ``package::path`` names; ``None`` for any other name.

    Raises:
        ConfigError: if the package is not there, or has no such config.

    Example:
        >>> of_package('mmlite::resnet18_digits.py').name
        'resnet18_digits.py'
    """
    package, mark, path = name.partition(_OF_PACKAGE)
    if not mark:
        return None
    folder = _configs_of(package)
    if folder is None:
        raise ConfigError(
            f'{name!r} names a config of the package {package!r}, which is not '
            'installed here with configs; install it, or copy the file and name the '
            'copy'
        )
    file = folder / path
    if not file.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f'{name!r} is outside of the configs of {package!r}')
    if not file.is_file():
        near = nearest_files(file, file.parent, folder)
        raise ConfigError(f'there is no {name!r} (looked for {shown(file)}){near}')
    return file


def _configs_of(package: str) -> Path | None:
    """Where the configs of a package lie: within it, or in its checkout."""
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    places = [folder / place for place in _INSTALLED]
    if any((folder.parent / name).is_file() for name in _CHECKOUT):
        places.append(folder.parent / 'configs')
    return next((place for place in places if place.is_dir()), None)


def nearest_files(wanted: Path, *folders: Path) -> str:
    """A hint with the configs in some folders that are named most like one.

    Args:
        wanted: The file that is not there.
        folders: Where to look; later ones, with their sub-folders, only if the
            first holds nothing near.
    """
    first, *others = folders
    for files in (first.glob('*'), *(folder.rglob('*') for folder in others)):
        if near := _nearest(wanted, files):
            return f'; did you mean {" or ".join(near)}?'
    return f'; {shown(first)} does not exist' if not first.is_dir() else ''


def _nearest(wanted: Path, files: Iterable[Path]) -> list[str]:
    by_name: dict[str, Path] = {}
    for file in islice(files, _MOST_FILES):
        if file.suffix in SUFFIXES:
            by_name.setdefault(file.stem.lower(), file)
    near = difflib.get_close_matches(wanted.stem.lower(), by_name, n=3, cutoff=0.7)
    return [shown(by_name[name]) for name in near]
