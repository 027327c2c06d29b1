"""Images in folders: find them, show a folder, hold a part of them out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from ..errors import DataError

__all__ = ['IMAGE_EXTENSIONS', 'find_images', 'held_out', 'subfolders', 'tree']

IMAGE_EXTENSIONS = (
    '.jpg',
    '.jpeg',
    '.png',
    '.ppm',
    '.bmp',
    '.pgm',
    '.tif',
    '.tiff',
    '.webp',
)


def subfolders(folder: str | Path) -> list[str]:
    """Names of the folders in a folder, sorted; hidden ones are left out.

    Raises:
        DataError: if it is a file.
    """
    if os.path.isfile(folder):
        raise DataError(f'expected a folder of images, got the file {folder}')
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.is_dir() and e.name[0] != '.']
    return sorted(names)


def find_images(
    folder: str | Path, extensions: Collection[str] = IMAGE_EXTENSIONS
) -> list[str]:
    """Paths of all images below a folder, relative to it, ``/`` between names.

    Sorted by path; hidden files and folders are left out.
    """
    endings = tuple(ending.lower() for ending in extensions)
    found = []
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name[0] != '.']
        inner = os.path.relpath(place, folder).replace(os.sep, '/')
        found += [
            name if inner == '.' else f'{inner}/{name}'
            for name in files
            if name[0] != '.' and name.lower().endswith(endings)
        ]
    return sorted(found)


def held_out(
    keys: Sequence[str], labels: Sequence[int], fraction: float, seed: int
) -> list[bool]:
    """Which samples are held out from training.

    The rule: in each class the samples are put in the order of
    ``md5(f'{seed}:{key}')``, and the first ``round(fraction * count)`` are held
    out, at least one of a class that has two. It depends on nothing but keys,
    labels and seed, so it is the same everywhere and for good; when samples
    come or go, nearly all others stay on their side.

    Args:
        keys: What tells samples apart, e.g. relative paths with ``/``.
        labels: Their classes.
        fraction: What part to hold out.
        seed: Another one gives another choice.

    Example:
        >>> sum(held_out([str(i) for i in range(100)], [0, 1] * 50, 0.2, seed=0))
        20
    """
    by_class: dict[int, list[int]] = {}
    for i, label in enumerate(labels):
        by_class.setdefault(label, []).append(i)
    chosen = [False] * len(keys)
    for members in by_class.values():
        count = round(fraction * len(members))
        if fraction > 0 and len(members) > 1:
            count = min(max(count, 1), len(members) - 1)
        for i in sorted(members, key=lambda i: _rank(keys[i], seed))[:count]:
            chosen[i] = True
    return chosen


def _rank(key: str, seed: int) -> bytes:
    return hashlib.md5(f'{seed}:{key}'.encode(), usedforsecurity=False).digest()


def tree(folder: str | Path, most: int = 6) -> str:
    """A folder and a little of what is in it, in one line.

    Example:
        >>> import pathlib
        >>> pathlib.Path('birds/owl').mkdir(parents=True)
        >>> tree('birds')
        'birds/: owl/ (0 files)'
    """
    folder = Path(folder)
    if not folder.is_dir():
        return f'{folder} (no such folder)'
    entries = sorted(folder.iterdir(), key=lambda path: (path.is_file(), path.name))
    shown = [_entry(path) for path in entries[:most]]
    if len(entries) > most:
        shown.append(f'... {len(entries) - most} more')
    return f'{folder}/: ' + (', '.join(shown) or 'empty')


def _entry(path: Path) -> str:
    if not path.is_dir():
        return path.name
    inner = list(path.iterdir())
    folders = sum(entry.is_dir() for entry in inner)
    if folders:
        return f'{path.name}/ ({folders} folders, {len(inner) - folders} files)'
    return f'{path.name}/ ({len(inner)} files)'
