"""Text files with an image and its label on each line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError, did_you_mean
from ..structures.class_lists import shortened
from .annotations import LARGEST_LABEL, read_text

__all__ = ['ListFile']

_INDEX = re.compile(r'[-+]?[0-9]+')
_NUMBER = re.compile(r'[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+[eE][-+]?[0-9]+|nan|inf)')


class ListFile:
    r"""The lines of a text file, each a path, with or without a label.

    Between path and label stands a tab or a blank; both may contain blanks.

    Args:
        path: The file.
        extensions: Endings of image files, where a path ends.

    Attributes:
        classes: The names that are the labels, sorted; None if they are indices.

    Raises:
        DataError: if the file is no text.

    Example:
        >>> import pathlib
        >>> _ = pathlib.Path('a.txt').write_text('my cat.png big cat\ndog.png dog\n')
        >>> lines = ListFile('a.txt', ['.png'])
        >>> lines.labelled(None), lines.classes
        ((['my cat.png', 'dog.png'], [0, 1]), ('big cat', 'dog'))
    """

    def __init__(self, path: str | Path, extensions: Sequence[str]) -> None:
        self.path = path
        self.classes: tuple[str, ...] | None = None
        lines = read_text(path).split('\n')
        self._rows = [(n, line.strip()) for n, line in enumerate(lines, 1)]
        self._rows = [row for row in self._rows if row[1]]
        for number, text in self._rows:
            if '\0' in text:
                raise DataError(
                    f'{path}:{number}: a line of text has no null character'
                )
        endings = '|'.join(map(re.escape, extensions)) or r'(?!)'
        self._split = re.compile(rf'(.*(?:{endings}))\s+(\S.*)', re.IGNORECASE)

    def paths(self) -> list[str]:
        """The lines, as paths."""
        return [text for _, text in self._rows]

    def labelled(self, classes: Sequence[str] | None) -> tuple[list[str], list[int]]:
        """The paths, and their labels as class indices.

        Args:
            classes: Names of the classes, if they are known.

        Raises:
            DataError: for a line without a label, or with one that is no class.
        """
        names = {name: i for i, name in enumerate(classes or ())}
        parts = [self._parted(number, text, names) for number, text in self._rows]
        numbers = [number for number, _ in self._rows]
        labels = self._indices([label for _, label in parts], numbers, names)
        return [path for path, _ in parts], labels

    def _parted(self, number: int, text: str, names: dict) -> tuple[str, str]:
        if '\t' in text:
            path, _, label = text.rpartition('\t')
        elif match := self._split.fullmatch(text):
            path, label = match.groups()
        else:  # the longest class that the line ends with, or its last word
            blanks = (m.start() for m in re.finditer(r'\s', text))
            cuts = (at for at in blanks if text[at + 1 :].strip() in names)
            at = next(cuts, text.rfind(' '))
            path, label = text[: max(at, 0)], text[at + 1 :]
        if not path.strip():
            raise DataError(
                f'{self.path}:{number}: expected "path label", got {shortened(text)}; '
                'set with_label=False if there are no labels'
            )
        return path.strip(), label.strip()

    def _indices(
        self, labels: list[str], numbers: list[int], names: dict[str, int]
    ) -> list[int]:
        if all(map(_INDEX.fullmatch, labels)) and not set(labels) <= set(names):
            limit = len(names) or LARGEST_LABEL + 1
            return [
                self._index(*row, limit) for row in zip(labels, numbers, strict=True)
            ]
        if not names:
            by_index = sum(map(bool, map(_INDEX.fullmatch, labels))) > len(labels) / 2
            for label, number in zip(labels, numbers, strict=True):
                self._check_name(label, number, by_index)
            self.classes = tuple(sorted(set(labels)))
            names = {name: i for i, name in enumerate(self.classes)}
        unknown = [
            row for row in zip(labels, numbers, strict=True) if row[0] not in names
        ]
        if unknown:
            # A word, if there is one, is why indices are none either.
            label, number = min(unknown, key=lambda r: bool(_INDEX.fullmatch(r[0])))
            raise DataError(
                f'{self.path}:{number}: {shortened(label)} is none of the {len(names)} '
                f'classes{did_you_mean(label, names)}; correct it, or state more '
                'classes'
            )
        return [names[label] for label in labels]

    def _index(self, label: str, number: int, limit: int) -> int:
        # Python itself refuses to read thousands of digits.
        if len(label) > 20 or not 0 <= int(label) < limit:
            shown = label if len(label) < 40 else f'{label[:20]}...'
            raise DataError(
                f'{self.path}:{number}: label {shown} is not a class; they go '
                f'from 0 to {limit - 1}; correct it, or state more classes'
            )
        return int(label)

    def _check_name(self, label: str, number: int, by_index: bool) -> None:
        if _NUMBER.fullmatch(label) or (by_index and not _INDEX.fullmatch(label)):
            raise DataError(
                f'{self.path}:{number}: label {shortened(label)} is not '
                'an integer, as others are; a label is the index of a class, or its '
                'name with classes stated'
            )
        if len(label.split()) > 1 and all(map(_INDEX.fullmatch, label.split())):
            raise DataError(
                f'{self.path}:{number}: {shortened(label)} are several labels; '
                'write them into a .json file, for MultiLabelDataset'
            )
