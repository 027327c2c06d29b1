"""Images in folders: find them, show a folder, hold a part of them out."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from logging import WARNING
from pathlib import Path
from typing import NamedTuple

from mmengine.logging import print_log

from ..errors import DataError

__all__ = [
    'IMAGE_EXTENSIONS',
    'check_links',
    'find_images',
    'held_out',
    'is_hidden',
    'subfolders',
    'tree',
    'visible',
    'walk',
]

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
    '.gif',
)


#: Pictures that no backend reads; what else lies in a folder is left alone.
_OTHER_IMAGES = ('.avif', '.heic', '.heif', '.jp2', '.jxl', '.svg', '.tga', '.jfif')


#: What operating systems and network storage write beside the data, in lower case.
_SYSTEM_NAMES = {
    '#recycle',
    '#snapshot',
    '$recycle.bin',
    '@eadir',
    '@recently-snapshot',
    '@recycle',
    '__macosx',
    '__pycache__',
    'lost+found',
    'recycler',
    'system volume information',
}


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or written by a system beside the data.

    Example:
        >>> [is_hidden(name) for name in ('.git', '._1.png', '__MACOSX', 'cat')]
        [True, True, True, False]
    """
    return name[:1] == '.' or name.lower() in _SYSTEM_NAMES


def visible(folder: str | Path, pattern: str) -> list[Path]:
    """What is found by a pattern, sorted, without what :func:`is_hidden`.

    Args:
        folder: Where it is looked for.
        pattern: As ``Path.glob`` takes it.
    """
    root = Path(folder)
    return sorted(
        path
        for path in root.glob(pattern)
        if not any(map(is_hidden, path.relative_to(root).parts))
    )


@cache
def _report_hidden(path: str) -> None:
    """Say once that a folder is left out, if somebody may take it for data."""
    name = os.path.basename(path)
    if name[0] != '.' or _has_images(path):
        message = f'left out {path}, a folder that is hidden or of the system'
        print_log(message, 'current', WARNING)


def _has_images(folder: str) -> bool:
    try:
        return any(n.lower().endswith(IMAGE_EXTENSIONS) for n in os.listdir(folder))
    except OSError:
        return False


def subfolders(folder: str | Path) -> list[str]:
    """Names of the folders in a folder, sorted; hidden ones are left out.

    So are those that systems write, such as ``__MACOSX``; both are reported once.

    Raises:
        DataError: if it is a file, or cannot be listed.
    """
    try:
        if os.path.isfile(folder):
            raise DataError(f'expected a folder of images, got the file {folder}')
        with os.scandir(folder) as entries:
            folders = [entry for entry in entries if _is_folder(entry)]
    except (OSError, ValueError) as error:
        if isinstance(error, (FileNotFoundError, DataError)):
            raise
        raise _unlisted(folder, error) from error
    for entry in folders:
        if is_hidden(entry.name):
            _report_hidden(entry.path)
    return sorted(entry.name for entry in folders if not is_hidden(entry.name))


def find_images(
    folder: str | Path, extensions: Collection[str] = IMAGE_EXTENSIONS
) -> list[str]:
    """Paths of all images below a folder, relative to it, ``/`` between names.

    Sorted by path; what :func:`is_hidden` is left out. A link to a folder is
    followed, but one that leads back to where it came from is reported and left out.
    So are pictures of other formats.

    Raises:
        DataError: if a folder cannot be listed.
    """
    endings = tuple(ending.lower() for ending in extensions)
    others = tuple(ending for ending in _OTHER_IMAGES if ending not in endings)
    found: list[str] = []
    broken: list[str] = []
    left_out: Counter[str] = Counter()
    for place, prefix, files, links in walk(folder):
        broken += [
            f'{place}/{name}' for name in links if name.lower().endswith(endings)
        ]
        images = [prefix + name for name in files if name.lower().endswith(endings)]
        found += images
        if len(images) < len(files):
            lower = [name.lower() for name in files]
            left_out.update(
                os.path.splitext(name)[1] for name in lower if name.endswith(others)
            )
    check_links(broken, folder)
    for ending, count in left_out.items():
        message = f'{folder}: left out {count} files {ending}; convert them to .png'
        print_log(message, 'current', WARNING)
    return sorted(found)


class Visited(NamedTuple):
    """A folder with what is in it.

    Args:
        place: Its path.
        prefix: The path from where the walk began, with a ``/`` at its end.
        files: Names of its files.
        broken: Names of its links to what is not there.
    """

    place: str
    prefix: str
    files: list[str]
    broken: list[str]


def walk(folder: str | Path) -> Iterator[Visited]:
    """A folder and all below it, without what :func:`is_hidden`.

    A link to a folder is followed, but one that leads back to where it came from is
    reported and left out.

    Raises:
        DataError: if a folder cannot be listed.
    """
    root = os.path.realpath(folder) if os.path.isdir(folder) else ''
    # Of each folder: its path, what its images' names begin with, and where it and
    # the folders that led to it really are.
    waiting = [(os.fspath(folder), '', (root,))] if root else []
    while waiting:
        place, prefix, chain = waiting.pop()
        files, folders, broken = _listed(place)
        yield Visited(place, prefix, files, broken)
        for name, is_link in folders:
            inner = f'{place}/{name}'
            real = os.path.realpath(inner) if is_link else chain[-1] + os.sep + name
            if any(_contains(real, passed) for passed in chain):
                message = f'left out {inner}, which leads back to {real}'
                print_log(message, 'current', WARNING)
            else:
                waiting.append((inner, f'{prefix}{name}/', (*chain, real)))


def check_links(paths: Iterable[str | Path], folder: str | Path) -> None:
    """Check that no path is a link to a file that is not there.

    Args:
        paths: What was found in a folder.
        folder: The folder, for the message.

    Raises:
        DataError: with their number and the first of them.
    """
    broken = [str(p) for p in paths if os.path.islink(p) and not os.path.exists(p)]
    if broken:
        first = min(broken)
        raise DataError(
            f'{folder}: {len(broken)} files are links to what is not there, e.g. '
            f'{first} to {os.readlink(first)}; fetch these files, or remove the links'
        )


def _listed(place: str) -> tuple[list[str], list[tuple[str, bool]], list[str]]:
    """The files in a folder; the folders, with whether each is a link; broken links."""
    files, folders, broken = [], [], []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                name = entry.name
                try:  # a call less for each file
                    is_folder = entry.is_dir()
                except OSError:  # a link to itself
                    continue
                if is_hidden(name):
                    if is_folder:
                        _report_hidden(entry.path)
                    continue
                if is_folder:
                    folders.append((name, entry.is_symlink()))
                elif entry.is_symlink() and not os.path.exists(entry.path):
                    broken.append(name)
                else:
                    files.append(name)
    except OSError as error:
        raise _unlisted(place, error) from error
    return files, folders, broken


def _is_folder(entry: os.DirEntry) -> bool:
    """Whether it is a folder; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _contains(outer: str, inner: str) -> bool:
    """Whether a folder is another one, or lies above it."""
    return inner == outer or inner.startswith(outer.rstrip(os.sep) + os.sep)


def _unlisted(folder: str | Path, error: Exception) -> DataError:
    reason = getattr(error, 'strerror', None) or error
    return DataError(f'cannot list the folder {str(folder)!r}: {reason}')


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
        keys: What identifies a sample, e.g. relative paths with ``/``.
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
    text = f'{seed}:{key}'.encode(errors='surrogateescape')
    return hashlib.md5(text, usedforsecurity=False).digest()


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
