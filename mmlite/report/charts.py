"""Where the lines and the numbers of a chart stand, for a page that draws them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .blocks import Curves, Line

__all__ = [
    'Chart',
    'DrawnLine',
    'Tick',
    'chart_of',
    'short_number',
    'shown_number',
    'ticks_between',
]

_SIDE = 1000  # a chart is a square of this many units, stretched by the page
_MOST_POINTS = 600  # of a line
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Tick(NamedTuple):
    """A number beside an axis.

    Args:
        place: Where it is, per cent of the axis.
        text: The number.
    """

    place: float
    text: str


class DrawnLine(NamedTuple):
    """One line as it is drawn.

    Args:
        name: What it is.
        points: ``'x,y x,y ...'`` in units of the chart.
        summary: Its first and last value, and the extremes, in words.
        single: Whether it is one point.
    """

    name: str
    points: str
    summary: str
    single: bool


class Chart(NamedTuple):
    """A chart as it is drawn.

    Args:
        title: What it shows.
        x_label: What is to the right.
        lines: Its lines.
        x_ticks: Numbers below.
        y_ticks: Numbers to the left.
        x_range: Least and largest x.
        y_range: Least and largest y.
        key: Its name among the charts of a run.
    """

    title: str
    x_label: str
    lines: list[DrawnLine]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    key: str = ''

    @property
    def description(self) -> str:
        """What is read out in its place."""
        lines = [f'{line.name}: {line.summary}' for line in self.lines]
        return f'{self.title} over {self.x_label}. {"; ".join(lines)}'


def chart_of(curves: Curves) -> Chart | None:
    """A chart of curves; None if they have no point.

    Example:
        >>> chart = chart_of(Curves('loss', lines=[Line('loss', [0, 10], [2, 1])]))
        >>> chart.lines[0].points
        '0.0,40.0 1000.0,960.0'
        >>> [tick.text for tick in chart.x_ticks]
        ['0', '2', '4', '6', '8', '10']
    """
    kept = [_finite(line) for line in curves.lines]
    kept = [line for line in kept if len(line.x)]
    if not kept:
        return None
    x_range = _range(x for line in kept for x in line.x)
    whole = all(float(x).is_integer() for line in kept for x in line.x)
    if curves.y_range is None:
        low, high = _height([float(y) for line in kept for y in line.y])
        spare = (high - low) * 0.04 / 0.92
        y_range = low - spare, high + spare
    else:
        y_range = float(curves.y_range[0]), float(curves.y_range[1])
    return Chart(
        curves.title,
        curves.x_label,
        [_drawn(line, x_range, y_range) for line in kept],
        ticks_between(*x_range, count=6, whole=whole),
        ticks_between(*y_range),
        x_range,
        y_range,
        curves.key,
    )


def _finite(line: Line) -> Line:
    x = np.asarray(line.x, float)
    y = np.asarray([math.nan if v is None else v for v in line.y], float)
    kept = np.isfinite(x) & np.isfinite(y)
    return Line(line.name, x[kept], y[kept])


def _range(values: Iterable[float]) -> tuple[float, float]:
    values = list(values)
    low, high = float(min(values)), float(max(values))
    if low == high:
        spare = abs(low) / 2 or 0.5
        return low - spare, high + spare
    return low, high


def _height(values: list[float]) -> tuple[float, float]:
    """Least and largest y; one that never changes is seen over or under zero."""
    low, high = min(values), max(values)
    if low == high:
        return min(low, 0.0), max(high, 0.0) if high else 1.0
    return low, high


def _drawn(
    line: Line, x_range: tuple[float, float], y_range: tuple[float, float]
) -> DrawnLine:
    x, y = _thinned(np.asarray(line.x), np.asarray(line.y))
    across = (x - x_range[0]) / (x_range[1] - x_range[0]) * _SIDE
    down = (y_range[1] - y) / (y_range[1] - y_range[0]) * _SIDE
    points = ' '.join(
        f'{a:.1f},{b:.1f}' for a, b in zip(across, down.clip(0, _SIDE), strict=True)
    )
    least, most = (shown_number(float(v)) for v in (line.y.min(), line.y.max()))
    first, last = (shown_number(float(line.y[place])) for place in (0, -1))
    single = len(x) == 1
    summary = f'from {first} to {last}, between {least} and {most}'
    return DrawnLine(line.name, points, first if single else summary, single)


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A line of fewer points: of each stretch the lowest and the highest."""
    if len(x) <= _MOST_POINTS:
        return x, y
    edges = np.linspace(0, len(x), _MOST_POINTS // 2 + 1).astype(int)
    places = {0, len(x) - 1}
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        places |= {
            start + int(y[start:end].argmin()),
            start + int(y[start:end].argmax()),
        }
    kept = sorted(places)
    return x[kept], y[kept]


def ticks_between(
    low: float, high: float, count: int = 5, whole: bool = False
) -> list[Tick]:
    """Round numbers between two others, about ``count`` of them.

    Args:
        low: The one.
        high: The other.
        count: How many there should be.
        whole: Whether only whole numbers mean anything, as of iterations.

    Example:
        >>> [tick.text for tick in ticks_between(0.2, 2.3)]
        ['0.5', '1.0', '1.5', '2.0']
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s for s in _STEPS if s * power >= rough * 0.999) * power
    if whole and step < 5:
        step = float(math.ceil(step))  # not 2.5 either
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [place * step for place in range(first, last + 1)]
    digits = next(d for d in range(20) if math.isclose(step, round(step, d)))
    return [
        Tick((value - low) / (high - low) * 100, _axis_number(value, digits))
        for value in values
    ]


def _axis_number(value: float, digits: int) -> str:
    if digits > 3:
        if abs(value) < 10.0**-digits / 2:
            return '0'
        mantissa, power = f'{value:.{1 if digits < 20 else 2}e}'.split('e')
        return f'{float(mantissa):g}e{int(power)}'
    if abs(value) >= 1e6:
        return f'{value / 1e6:g}M'
    if abs(value) >= 1e4:
        return f'{value / 1e3:g}k'
    return f'{value + 0.0:.{digits}f}'


def shown_number(value: float | int) -> str:
    """A number as a person reads it.

    Example:
        >>> [shown_number(v) for v in (3, 0.123456, 99.51, 1234567, 2e-5)]
        ['3', '0.1235', '99.51', '1,234,567', '2e-05']
    """
    if isinstance(value, bool) or not math.isfinite(value):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f'{int(value):,}'
    if abs(value) >= 1000:
        return f'{value:,.1f}'
    return f'{value:.4g}'


def short_number(value: float) -> str:
    """A number at the head of a page: two or three digits.

    Example:
        >>> [short_number(v) for v in (3, 0.0005367, 0.91349, 99.512, 2.14e-7)]
        ['3', '0.00054', '0.913', '99.5', '2.1e-07']
    """
    if not math.isfinite(value) or float(value).is_integer():
        return shown_number(value)
    if abs(value) < 1e-4:
        return f'{value:.1e}'
    return shown_number(float(f'{value:.{2 if abs(value) < 0.01 else 3}g}'))
