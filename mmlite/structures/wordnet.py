"""ImageNet-1k: folders are named by WordNet ids, lists of classes often in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

__all__ = ['are_wordnet_ids', 'renamed', 'wordnet_ids']

_ID = re.compile(r'n\d{8}')
_FILE = Path(__file__).parent / 'data' / 'imagenet_classes.txt'


def are_wordnet_ids(names: Sequence[str]) -> bool:
    """Whether all names of classes are WordNet ids.

    Example:
        >>> are_wordnet_ids(['n01440764', 'n01443537']), are_wordnet_ids(['tench'])
        (True, False)
    """
    return all(map(_ID.fullmatch, names))


def wordnet_ids(names: Sequence[str]) -> list[str] | None:
    """The WordNet ids of classes of ImageNet-1k that are named in words.

    A name is one word of WordNet for the class, or several with commas in between.
    Two classes share a name (``crane``), and some lists have words of their own: names
    that are not understood are taken for classes of the usual order, if the list is of
    all classes and the others are in that order.

    Args:
        names: Names in words.

    Returns:
        An id for each; None if one is not understood, or two have the same.

    Example:
        >>> wordnet_ids(['goldfish', 'tench, Tinca tinca']), wordnet_ids(['crane'])
        (['n01443537', 'n01440764'], None)
    """
    ids = list(_words())
    found = [_ids_of(name) for name in names]
    if len(found) == len(ids) and sum(map(bool, found)) > len(ids) // 2:
        if all(own in each or not each for own, each in zip(ids, found, strict=True)):
            return ids
    chosen = [each[0] for each in found if len(each) == 1]
    return chosen if len(set(chosen)) == len(names) else None


def renamed(known: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """A list of classes in the names of another one.

    Args:
        known: WordNet ids, or words.
        names: The other of the two: the classes as they shall be called.

    Returns:
        The classes of ``known`` in their order, as they are called in ``names``, or
        by WordNet where they are not in it; None if words are not understood.

    Example:
        >>> renamed(['goldfish', 'tench'], ['n01440764'])
        ['n01443537', 'n01440764']
        >>> renamed(['n01443537', 'n01440764'], ['tench'])
        ['goldfish, Carassius auratus', 'tench']
    """
    if are_wordnet_ids(names):
        return wordnet_ids(known)
    ids = wordnet_ids(names)
    if ids is None:
        return None
    called = {**_words(), **dict(zip(ids, names, strict=True))}
    return [called.get(each, each) for each in known]


@cache
def _words() -> dict[str, str]:
    """The words of WordNet for each id, in the usual order."""
    lines = _FILE.read_text(encoding='utf-8').splitlines()
    return dict(line.split(' ', 1) for line in lines)


@cache
def _ids_by_name(single: bool) -> dict[str, tuple[str, ...]]:
    """The ids of each list of words as WordNet writes it, or of each single word."""
    found: dict[str, tuple[str, ...]] = {}
    for each, words in _words().items():
        for name in words.lower().split(', ') if single else [words.lower()]:
            found[name] = (*found.get(name, ()), each)
    return found


def _ids_of(name: str) -> tuple[str, ...]:
    """The classes that a name may mean."""
    text = name.lower().strip().replace('_', ' ')
    if text in _ids_by_name(single=False):
        return _ids_by_name(single=False)[text]
    # Words of one class may be shared with others: what all of them have is meant.
    by_word = _ids_by_name(single=True)
    parts = [set(by_word.get(part.strip(), ())) for part in text.split(',')]
    known = [part for part in parts if part]
    return tuple(sorted(set.intersection(*known))) if known else ()
