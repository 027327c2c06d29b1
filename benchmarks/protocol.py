"""How two ways are compared: in turns, in one process tree, as ratios.

Absolute times swing by tens of per cent on a shared machine; the ratio of two
rounds that follow each other swings far less. So sides run in turns, A, B, A, B,
and what counts is the median of the ratios round by round, with the smallest and
the largest beside it.
"""

from __future__ import annotations

import operator
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_SIGNS = {'<=': operator.le, '>=': operator.ge}


class Goal(NamedTuple):
    """What a ratio should be, e.g. ``Goal('<=', 1.15)``."""

    sign: str
    bound: float

    def met_by(self, ratio: float) -> bool:
        return _SIGNS[self.sign](ratio, self.bound)

    def __str__(self) -> str:
        return f'{self.sign} {self.bound:g}'


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Args:
        id: E.g. ``'C1'``.
        what: What is compared with what.
        goal: What the ratio should be; None if it is only reported.
        ratios: One per round; none if it could not be measured.
        note: Why it could not be measured, or what else to know.
        figures: Medians behind the ratio, by name, in seconds or as named.
        failed: Whether it ended in an error, which the note has.
    """

    id: str
    what: str
    goal: Goal | None = None
    ratios: Sequence[float] = ()
    note: str = ''
    figures: Mapping[str, float] = field(default_factory=dict)
    failed: bool = False

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is no goal or no ratio."""
        if self.goal is None or self.ratio is None:
            return None
        return self.goal.met_by(self.ratio)

    def as_dict(self) -> dict[str, Any]:
        return dict(
            id=self.id,
            what=self.what,
            ratio=self.ratio,
            goal=str(self.goal) if self.goal else None,
            ratios=list(self.ratios),
            met=self.met,
            note=self.note,
            figures=dict(self.figures),
            failed=self.failed,
        )


class Rounds(dict):
    """What each side took, by its name, round by round."""

    def ratio(self, side: str, other: str, base: str | None = None) -> list[float]:
        """``side`` over ``other`` in each round, both without what ``base`` took."""
        bases = self[base] if base else [0.0] * len(self[side])
        return [
            (a - zero) / (b - zero)
            for a, b, zero in zip(self[side], self[other], bases, strict=True)
        ]

    @property
    def medians(self) -> dict[str, float]:
        return {name: statistics.median(values) for name, values in self.items()}

    @property
    def times(self) -> str:
        """The medians as times."""
        return ', '.join(f'{k} {_time(v)}' for k, v in self.medians.items())

    def rates(self, images: int = 1, unit: str = 'img') -> str:
        """The medians, which so many images take, as images per second."""
        return ', '.join(
            f'{k} {images / v:,.0f} {unit}/s' for k, v in self.medians.items()
        )


def speed(
    id: str,
    what: str,
    goal: Goal,
    taken: Rounds,
    other: str,
    size: int,
    unit: str = 'img',
) -> Line:
    """How much faster mmlite is than another side.

    Args:
        id: Of the line.
        what: What is compared with what.
        goal: What the ratio should be.
        taken: Seconds of an iteration.
        other: Name of the other side.
        size: Samples in a batch.
        unit: What a sample is.
    """
    ratios = taken.ratio(other, 'mmlite')
    return Line(id, what, goal, ratios, taken.rates(size, unit), taken.medians)


def timed(
    call: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> Callable[[], float]:
    """A side of which the seconds of a call count, by a clock."""

    def run() -> float:
        start = clock()
        call()
        return clock() - start

    return run


def take_turns(
    sides: Mapping[str, Callable[[], float]], rounds: int, warmup: int
) -> Rounds:
    """Let the sides run one after the other, again and again.

    Args:
        sides: Each runs once per round, and returns what it took.
        rounds: Number of rounds that count.
        warmup: Number of rounds before them.
    """
    taken = Rounds({name: [] for name in sides})
    for number in range(warmup + rounds):
        for name, run in sides.items():
            result = run()
            if number >= warmup:
                taken[name].append(result)
    return taken


def take_short_turns(
    sides: Mapping[str, Callable[[], Sequence[float]]],
    turns: int,
    rounds: int,
    warmup: int,
    of_steps: Callable[[Sequence[float]], float],
) -> Rounds:
    """Let the sides change so often that a machine is equally fast for each.

    Args:
        sides: Each takes some steps when called, and returns what each step took.
        turns: Turns of each side in a round.
        rounds: Number of rounds that count.
        warmup: Number of rounds before them.
        of_steps: What counts of all steps of a side in a round.
    """
    taken = Rounds({name: [] for name in sides})
    for number in range(warmup + rounds):
        steps: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(turns):
            for name, run in sides.items():
                steps[name] += run()
        if number >= warmup:
            for name, values in steps.items():
                taken[name].append(of_steps(values))
    return taken


def percentile_20(values: Sequence[float]) -> float:
    """The value below which a fifth lies: what a step takes when nothing disturbs."""
    ordered = sorted(values)
    return ordered[len(ordered) // 5]


def differences(moments: Sequence[float], stride: int = 1) -> list[float]:
    """Time per step between moments that are ``stride`` steps apart."""
    marks = moments[::stride]
    return [(b - a) / stride for a, b in zip(marks, marks[1:], strict=False)]


def _time(seconds: float) -> str:
    unit, factor = ('us', 1e6) if seconds < 1e-3 else ('ms', 1e3)
    return f'{seconds * factor:.3g} {unit}'


_COLUMNS = ('id', 'what', 'ratio', 'goal', 'spread', 'met')
_WIDTHS = (4, 79, 7, 7, 13, 3)


def header() -> str:
    return _row(_COLUMNS) + '\n' + '-|-'.join('-' * width for width in _WIDTHS)


def row(line: Line) -> str:
    """A line of the table; its note below, if it has one."""
    goal = str(line.goal or '')
    cells = (line.id, line.what, '-', goal, '', '')
    if line.ratio is not None:
        spread = f'{_short(min(line.ratios))}-{_short(max(line.ratios))}'
        met = {True: 'yes', False: 'NO', None: ''}[line.met]
        cells = (line.id, line.what, _short(line.ratio), goal, spread, met)
    return _row(cells) + (f'\n{"":4} |   {line.note}' if line.note else '')


def _row(cells: Sequence[str]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    return ' | '.join(padded).rstrip()


def _short(ratio: float) -> str:
    return f'{ratio:.3g}' if abs(ratio) < 0.1 else f'{ratio:.2f}'
