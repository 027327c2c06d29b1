"""Compare lists of class names: a label means a name, not a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..errors import DataError, did_you_mean
from .wordnet import are_wordnet_ids, renamed

__all__ = [
    'checked_names',
    'class_mapping',
    'in_names_of',
    'names_of_categories',
]


def checked_names(names: Any, source: str) -> tuple[str, ...]:
    """The names of classes as a tuple.

    Args:
        names: What should be a list of different names.
        source: Where they stand, for the message.

    Raises:
        DataError: if they are something else.

    Example:
        >>> checked_names(['cat', 'dog'], 'names.json')
        ('cat', 'dog')
    """
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise DataError(
            f'{source}: expected a list of the names of classes, got {shortened(names)}'
        )
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise DataError(
                f'{source}: the name of class {place} is {shortened(name)}; expected a '
                'string, e.g. in quotes'
            )
        if not name.strip():
            raise DataError(f'{source}: the name of class {place} is empty')
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f'{source}: the class {twice[0]!r} is listed twice; every class needs a '
            'name of its own'
        )
    return tuple(names)


def names_of_categories(categories: Any, source: str) -> tuple[str, ...]:
    """The names of classes in the order of their ids, from OpenMMLab's format 2.0.

    Args:
        categories: Dicts with ``id`` and ``category_name`` (or ``name``).
        source: Where they stand, for the message.

    Raises:
        DataError: if they are something else, or the ids are not 0, 1, 2, ...

    Example:
        >>> names_of_categories([dict(id=1, category_name='dog'),
        ...                      dict(id=0, category_name='cat')], 'a.json')
        ('cat', 'dog')
    """
    names: dict[int, Any] = {}
    for entry in categories if isinstance(categories, (list, tuple)) else [categories]:
        number = entry.get('id') if isinstance(entry, dict) else None
        if type(number) is not int or number in names:
            raise DataError(
                f'{source}: expected categories with different integers as id and a '
                f'category_name, got {shortened(entry)}'
            )
        names[number] = entry.get('category_name', entry.get('name'))
    if sorted(names) != list(range(len(names))):
        raise DataError(
            f'{source}: the ids of {len(names)} categories are '
            f'{shortened(sorted(names))}; labels are these ids, expected 0 to '
            f'{len(names) - 1}'
        )
    return checked_names([names[i] for i in range(len(names))], source)


def in_names_of(names: Any, known: Any) -> list[str] | None:
    """Known classes as another list calls them, so that both can be compared.

    Args:
        names: Classes, e.g. of a dataset.
        known: Classes, e.g. of a checkpoint; where one list has WordNet ids and the
            other words, those of ImageNet-1k are translated.

    Returns:
        ``known``, perhaps translated; None if the lists cannot be compared.

    Example:
        >>> in_names_of(['n01440764'], ['goldfish', 'tench'])
        ['n01443537', 'n01440764']
    """
    for each in (names, known):
        if not isinstance(each, (list, tuple)) or not each:
            return None
        if not all(isinstance(name, str) for name in each):
            return None
    if are_wordnet_ids(names) == are_wordnet_ids(known):
        return list(known)
    return renamed(known, names)


def class_mapping(names: Sequence[str], known: Sequence[str]) -> list[int] | None:
    """Where each class stands in another list.

    Args:
        names: Classes, in the order of their labels.
        known: All classes that there are, in the order of theirs.

    Returns:
        For each label of ``names`` that of ``known``; None if no label changes.

    Raises:
        DataError: if a name is not known.

    Example:
        >>> class_mapping(['c', 'a'], ['a', 'b', 'c']), class_mapping(['a'], ['a', 'b'])
        ([2, 0], None)
    """
    places = {name: place for place, name in enumerate(known)}
    unknown = [name for name in names if name not in places]
    if unknown:
        who = f'the class {unknown[0]!r} is'
        if len(unknown) > 1:
            who = f'the class {unknown[0]!r} and {len(unknown) - 1} more are'
        raise DataError(
            f'{who} not among the {len(known)} known ones ({listed(known)})'
            f'{did_you_mean(unknown[0], known)}'
        )
    mapping = [places[name] for name in names]
    return None if mapping == list(range(len(mapping))) else mapping


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first few names, for a message."""
    shown = ', '.join(map(str, names[:most]))
    return shown + (', ...' if len(names) > most else '')


def shortened(value: Any, most: int = 60) -> str:
    """A value as it is written, cut off where it is long."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deep, or too many digits
        text = f'a {type(value).__name__}'
    return text if len(text) <= most else text[: most - 3] + '...'
