"""Key maps written as tables of names."""

from __future__ import annotations

from collections.abc import Iterable

from ....structures.key_maps import KeyMap, Step, register_key_map
from ....structures.key_templates import Names

__all__ = ['in_turn', 'names', 'register']


def names(table: str) -> Names:
    """A step of renaming, one pair a line: their name, ours.

    Ours lies in the backbone unless it begins with ``head.``; ``=`` stands for the name
    that they have too. See :class:`~mmlite.structures.key_templates.Names` for what
    stands in braces.

    Example:
        >>> names('norm.{*}  ln1.{*}').pairs
        [('norm.{*}', 'backbone.ln1.{*}')]
    """
    pairs = []
    for line in filter(None, table.splitlines()):
        theirs, ours = line.split()
        ours = theirs if ours == '=' else ours
        pairs.append((theirs, ours if ours.startswith('head.') else f'backbone.{ours}'))
    return Names(pairs)


def register(
    name: str,
    *steps: Step | str,
    unless: str = '',
) -> None:
    """Enter a key map.

    Args:
        name: ``<project>-<architecture>``.
        steps: Its steps; a text is a table as :func:`names` takes it.
        unless: Regular expression of names that show another architecture.
    """
    made = [names(step) if isinstance(step, str) else step for step in steps]
    register_key_map(name, KeyMap(made, unless=unless))


def in_turn(counts: Iterable[int]) -> Iterable[tuple[int, int, int]]:
    """Stage, place in it and place in all, for stages of so many blocks.

    Example:
        >>> list(in_turn([1, 2]))
        [(0, 0, 0), (1, 0, 1), (1, 1, 2)]
    """
    place = 0
    for stage, count in enumerate(counts):
        for block in range(count):
            yield stage, block, place
            place += 1
