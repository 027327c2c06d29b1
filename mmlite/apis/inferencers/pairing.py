"""Which pictures make a pair, where files or patterns are named."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...given import is_pattern, is_url
from .sources import Source, find_sources, in_groups

__all__ = ['find_pairs']

Pair = tuple[Source, ...]

#: Folders of a left and a right view.
_VIEWS = {
    'left': 'right',
    'image_2': 'image_3',
    'image_0': 'image_1',
    'colored_0': 'colored_1',
}
_HOW = (
    'name the left and the right view in turn, or two folders, or two patterns in '
    "quotes, 'left/*.png' 'right/*.png'"
)


def find_pairs(inputs: Sequence[Any]) -> list[Pair]:
    """The left and the right view of each pair.

    Two patterns hold a view each, whose files are paired in their order. Files are
    pairs in turn; or first all left views and then all right ones, as a shell gives
    them for ``left/*.png right/*.png``.

    Args:
        inputs: Files, patterns, addresses or arrays.

    Raises:
        DataError: if the patterns match different numbers of files, or other names, or
            both views of a pair would be from the folder of one of them.

    Example:
        >>> names = ['left/a.png', 'left/b.png', 'right/a.png', 'right/b.png']
        >>> pairs = _in_halves([Source(name, name) for name in names])
        >>> [(left.name, right.name) for left, right in pairs]
        [('left/a.png', 'right/a.png'), ('left/b.png', 'right/b.png')]
    """
    if len(inputs) % 2 == 0 and inputs and all(map(_is_pattern, inputs)):
        couples = zip(inputs[::2], inputs[1::2], strict=True)
        return list(chain.from_iterable(_of_patterns(*couple) for couple in couples))
    sources = find_sources(list(inputs))
    return _in_halves(sources) or _in_turn(sources)


def _is_pattern(given: Any) -> bool:
    if not isinstance(given, (str, os.PathLike)):
        return False
    text = os.fspath(given)
    there = os.path.exists(os.path.expanduser(text))
    return is_pattern(text) and not is_url(text) and not there


def _of_patterns(left: Any, right: Any) -> list[Pair]:
    columns = find_sources(left), find_sources(right)
    counts = [len(column) for column in columns]
    if counts[0] != counts[1]:
        raise DataError(
            f'{left} stands for {counts[0]} left views, {right} for {counts[1]} right '
            'views; let both stand for as many'
        )
    names = [{Path(source.path).stem for source in column} for column in columns]
    if names[0] & names[1] and (alone := sorted(names[0] ^ names[1])):
        raise DataError(
            f'{left} and {right} stand for pictures of the same names, but '
            f'{len(alone)} are in one of them alone, e.g. {alone[0]}'
        )
    pairs = list(zip(*columns, strict=True))
    for pair in pairs:
        _refuse_one_view(*pair)
    return pairs


def _refuse_one_view(left: Source, right: Source) -> None:
    """Refuse a picture beside itself, and pictures that both say they are left."""
    if not left.path or not right.path:
        return
    if os.path.abspath(left.path) == os.path.abspath(right.path):
        raise DataError(f'{left.name} would be both views of a pair; {_HOW}')
    for view in ('left', 'right'):
        word = re.compile(rf'(?<![a-z]){view}(?![a-z])', re.IGNORECASE)
        if all(word.search(Path(source.path).stem) for source in (left, right)):
            raise DataError(
                f'{left.name} and {right.name} would be a pair, but by their names '
                f'both are {view} views; {_HOW}'
            )


def _in_halves(sources: Sequence[Source]) -> list[Pair]:
    """All left views, then all right ones; nothing if they are not in that order."""
    half = len(sources) // 2
    pairs = list(zip(sources[:half], sources[half:], strict=False))
    is_so = len(sources) == 2 * half and all(
        left.path and _right_of(left.path) == right.path for left, right in pairs
    )
    return pairs if is_so else []


def _right_of(path: str) -> str:
    """The path of the right view, by the folder of the left one; empty if unknown."""
    *folders, name = Path(path).parts
    for place in reversed(range(len(folders))):
        if right := _VIEWS.get(folders[place]):
            return str(Path(*folders[:place], right, *folders[place + 1 :], name))
    return ''


def _in_turn(sources: Sequence[Source]) -> list[Pair]:
    pairs = in_groups(sources, 2)
    for left, right in pairs:
        _refuse_one_view(left, right)
        folder = Path(left.path).parent
        both = left.path and right.path and folder == Path(right.path).parent
        if both and folder.name in {*_VIEWS, *_VIEWS.values()}:
            raise DataError(
                f'{left.name} and {right.name} would be a pair, but both lie in '
                f'{folder.name}/, which holds one view; {_HOW}'
            )
    return pairs
