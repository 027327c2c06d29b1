"""The numbers that a training has logged, read from its files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError
from .blocks import Curves, Line
from .figures import why_unmeasured

__all__ = ['Scalars', 'read_scalars', 'scalars_of']

#: What stands in a line beside the values.
_PLACES = ('epoch', 'iter', 'step', 'memory', 'exp_name', 'eta')
_TIMES = ('time', 'data_time')


class Scalars(NamedTuple):
    """Values over iterations.

    Args:
        train: Points ``(iteration, value)`` by name, of the training.
        val: The same of validations.
        epochs: The last epoch that was logged; 0 where none was.
    """

    train: dict[str, list[tuple[int, float]]]
    val: dict[str, list[tuple[int, float]]]
    epochs: int = 0

    @property
    def iterations(self) -> int:
        """The last iteration that was logged."""
        return max((points[-1][0] for points in self.train.values()), default=0)

    def mean_time(self, name: str = 'time') -> float | None:
        """Mean seconds of an iteration, without the first logged stretch.

        Args:
            name: ``'time'``, or ``'data_time'`` for the wait for data alone.
        """
        values = [value for _, value in self.train.get(name, ())]
        values = values[1:] or values  # a first stretch has what is done once
        return sum(values) / len(values) if values else None

    def last(self) -> dict[str, float]:
        """The results of the last validation."""
        return {name: points[-1][1] for name, points in self.val.items()}

    def charts(self, name: str = '') -> list[Curves]:
        """A chart for each value: losses together, then rates, then results.

        Args:
            name: What the lines are called where each chart has one; by default by
                the value that they show.
        """
        # A slash is in the name of what a loss reports beside its value.
        losses = [key for key in self.train if 'loss' in key and '/' not in key]
        losses.sort(key=lambda key: key != 'loss')
        rates = [key for key in self.train if key.endswith('lr')]
        others = [
            key for key in self.train if key not in (*losses, *rates, *_TIMES, *_PLACES)
        ]
        groups = [('Loss', losses[:8]), ('Learning rate', _unlike(self.train, rates))]
        groups += [(key, [key]) for key in others]
        charts = [
            _chart(title, {key: self.train[key] for key in keys}, name)
            for title, keys in groups
            if keys
        ]
        charts += [
            _chart(key, {key: points}, name)
            for key, every in self.val.items()
            if key not in (*_TIMES, *_PLACES)
            if (points := [p for p in every if not why_unmeasured(key, p[1])])
        ]
        return charts


def _unlike(values: Mapping[str, list], names: list[str]) -> list[str]:
    """One name of each of the same values, as of rates that are the same."""
    found: dict[str, list] = {}
    for name in sorted(names, key=len):
        if values[name] not in found.values():
            found[name] = values[name]
    return list(found)[:6]


def _chart(title: str, lines: Mapping[str, list], name: str) -> Curves:
    drawn = [
        Line(
            name if name and len(lines) == 1 else key,
            [place for place, _ in points],
            [value for _, value in points],
        )
        for key, points in lines.items()
    ]
    return Curves(title, '', drawn, key=title)


def read_scalars(paths: Sequence[Path]) -> Scalars:
    """The values in files of JSON lines, of a training and of those that resumed it.

    Where a later file begins before an earlier one ends, the later one counts: from its
    first row on, or if that is of the validation which an interrupted training had
    still to do, from the iteration after it on.

    Args:
        paths: The files, the oldest first.

    Raises:
        DataError: if a file cannot be read, or is no such file.
    """
    lines: list[dict[str, Any]] = []
    for path in paths:
        own = list(_lines_of(Path(path)))
        begin = next((line for line in own if 'iter' in line), None)
        if begin is not None:
            lines = _before(lines, begin['iter'], keeps_train=not _is_train(begin))
        lines += own
    return scalars_of(lines)


def _lines_of(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f'cannot read {path}: {error}') from error
    rows = text.splitlines()
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        try:
            line = json.loads(row)
        except json.JSONDecodeError as error:
            if number == len(rows):
                return  # a run that was killed has left half a line
            raise DataError(_no_log(path, number)) from error
        if not isinstance(line, dict):
            raise DataError(_no_log(path, number))
        yield line


def _no_log(path: Path, number: int) -> str:
    return (
        f'{path}:{number} is no line of a log: expected a JSON object of values, as in '
        'WORK_DIR/TIME/vis_data/scalars.json'
    )


def _before(
    lines: list[dict[str, Any]], begin: int, keeps_train: bool
) -> list[dict[str, Any]]:
    """The lines before an iteration, with the validations among them.

    Args:
        lines: What earlier files hold.
        begin: The iteration.
        keeps_train: Whether to keep the training's own line of that iteration, too.
    """
    for place, line in enumerate(lines):
        past = line.get('iter', -1) - (keeps_train and _is_train(line))
        if past >= begin:
            return lines[:place]
    return lines


def _is_train(line: Mapping[str, Any]) -> bool:
    """Whether it is of the training: then it has a learning rate."""
    return any(name.endswith('lr') for name in line)


def scalars_of(lines: Sequence[Mapping[str, Any]]) -> Scalars:
    """The values of log lines, each at its iteration.

    A line of a training has a learning rate; others are of a validation, which is at
    the iteration of the line before if it does not say.

    Example:
        >>> found = scalars_of([dict(loss=2.0, lr=0.1, iter=5), dict(top1=50., step=1)])
        >>> found.train['loss'], found.val
        ([(5, 2.0)], {'top1': [(5, 50.0)]})
    """
    train: dict[str, list] = {}
    val: dict[str, list] = {}
    place, epochs = 0, 0
    for line in lines:
        is_train = _is_train(line)
        of_hook = any(name.startswith('scalar/') for name in line)
        place = int(line.get('iter', line.get('step', place) if of_hook else place))
        epochs = int(line.get('epoch', epochs)) if is_train else epochs
        where = train if is_train or of_hook else val
        for name, value in line.items():
            if name in _PLACES or isinstance(value, bool):
                continue
            if isinstance(value, (int, float)) and math.isfinite(value):
                where.setdefault(name, []).append((place, float(value)))
    return Scalars(train, val, epochs)
