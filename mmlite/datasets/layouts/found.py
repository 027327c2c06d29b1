"""What was found in a folder, and how a folder of parts is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import DataError
from ..folders import subfolders, tree

__all__ = ['Found', 'Layout', 'as_lines', 'split_of', 'splits_in', 'wrong_layout']

#: How the parts of a dataset are called, in any case.
_SPLIT_NAMES = {
    'train': ('train', 'training', 'trn'),
    'val': ('val', 'valid', 'validation', 'dev', 'eval'),
    'test': ('test', 'testing', 'tst'),
}
#: How many pictures are looked at to find out how large they are.
_MOST_PICTURES = 64


class Found(NamedTuple):
    """What a folder holds.

    Args:
        layout: Name of the layout.
        splits: Settings of the dataset for ``'train'`` and, where there are such,
            for ``'val'`` and ``'test'``.
        counts: How many samples each split has.
        pictures: Some pictures to train with, spread over all of them.
        num_classes: How many classes, or identities, there are to learn.
        files: Lists that the settings name, by path, with their text.
        notes: What was left out, or could not be done.
        extra: What only one task asks for.
    """

    layout: str
    splits: dict[str, dict[str, Any]]
    counts: dict[str, int]
    pictures: Sequence[str] = ()
    num_classes: int | None = None
    files: dict[Path, str] = {}
    notes: Sequence[str] = ()
    extra: dict[str, Any] = {}

    def some_pictures(self) -> list[str]:
        """Pictures that are enough to find out how large all of them are."""
        step = max(1, len(self.pictures) // _MOST_PICTURES)
        return list(self.pictures[::step][:_MOST_PICTURES])


class Layout(NamedTuple):
    """One way to lay out data.

    Args:
        text: What it looks like, for messages.
        find: Given the folder, and the folder for lists, what it holds; None if the
            layout is another one.
    """

    text: str
    find: Callable[[Path, Path], Found | None]


def split_of(name: str) -> str:
    """Which part of a dataset a folder is, by its name; empty if it is none.

    Example:
        >>> split_of('Validation'), split_of('cats')
        ('val', '')
    """
    low = name.lower()
    return next((split for split, names in _SPLIT_NAMES.items() if low in names), '')


def splits_in(root: Path) -> dict[str, str]:
    """The folders that are parts of a dataset, by what they are.

    Raises:
        DataError: if two are the same part, or there is nothing to train with.

    Example:
        >>> for name in ('Train', 'valid', 'more'):
        ...     Path('parts', name).mkdir(parents=True)
        >>> splits_in(Path('parts'))
        {'train': 'Train', 'val': 'valid'}
    """
    found: dict[str, str] = {}
    for folder in subfolders(root):
        split = split_of(folder)
        if not split:
            continue
        if split in found:
            raise DataError(
                f'{root}: {found[split]}/ and {folder}/ are both called as data '
                f'for {split}; keep one of them'
            )
        found[split] = folder
    if found and 'train' not in found and set(subfolders(root)) == set(found.values()):
        raise DataError(
            f'{root}: there are {", ".join(found.values())}, but no folder train; '
            'call the folder of the training data train'
        )
    return found if 'train' in found else {}


def as_lines(lines: Sequence[str]) -> str:
    """A text with a line for each entry.

    Raises:
        DataError: if a name cannot stand on a line of its own.
    """
    for line in lines:
        if '\n' in line or '\r' in line:
            raise DataError(f'{line!r} has a line break in its name; rename it')
        try:
            line.encode()
        except UnicodeEncodeError:
            raise DataError(
                f'{os.fsencode(line)!r} is no UTF-8 text; rename it'
            ) from None
    return ''.join(f'{line}\n' for line in lines)


def wrong_layout(root: Path, layouts: Sequence[str], what: str = '') -> str:
    """One line: what was found in a folder, and which layouts are understood."""
    found = tree(root).removeprefix(f'{root}/: ')
    shown = 'the folder is empty' if found == 'empty' else f'found {found}'
    begin = f'{root}: {what}; ' if what else f'{root}: '
    return f'{begin}{shown}; understood are {"; ".join(layouts)}'
