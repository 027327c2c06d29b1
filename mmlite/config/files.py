"""Find a config file, or say which ones are near."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from ..errors import ConfigError

__all__ = ['SUFFIXES', 'find_file', 'nearest_files', 'shown']

SUFFIXES = ('.py', '.yaml', '.yml', '.json')
_MOST_FILES = 5000


def shown(path: Path) -> str:
    """A path as short as it can be read from the current directory."""
    path = Path(os.path.normpath(path))
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def find_file(path: Path) -> Path:
    """The path, if a config can be read there.

    Raises:
        ConfigError: if there is none; names the nearest ones.
    """
    if path.is_dir():
        raise ConfigError(f'{shown(path)} is a folder; give a config in it')
    if not path.is_file():
        near = nearest_files(path, path.parent, Path('configs'))
        raise ConfigError(f'no config file {shown(path)!r}{near}')
    if path.suffix not in SUFFIXES:
        raise ConfigError(
            f'{shown(path)!r} is not a config; the name of one ends in '
            f'{", ".join(SUFFIXES)}'
        )
    return path


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
