"""The recipes that ship with mmlite, by their names."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ['Recipe', 'recipes']

_PACKAGE = Path(__file__).parents[2]


class Recipe(NamedTuple):
    """A config file that ships with mmlite.

    Args:
        name: Its path below ``configs``.
        path: The name that ``_base_`` and commands take.
    """

    name: str
    path: str

    @property
    def folder(self) -> str:
        """The folder of its family."""
        return Path(self.name).parts[0] if '/' in self.name else ''


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes by the names of their files.

    Example:
        >>> recipes()['resnet18_cifar'].name
        'resnet18_cifar.py'
    """
    folder = _folder()
    if folder is None:
        return {}
    found = {}
    for path in sorted(folder.rglob('*.py')):
        name = path.relative_to(folder).as_posix()
        if not name.startswith('_'):
            found[path.stem] = Recipe(name, f'mmlite::{name}')
    return found


def _folder() -> Path | None:
    """Within the package where it is installed, beside it in a checkout."""
    beside = _PACKAGE.parent
    places = [_PACKAGE / 'configs']
    if (beside / 'setup.cfg').is_file():
        places.append(beside / 'configs')
    return next((place for place in places if place.is_dir()), None)
