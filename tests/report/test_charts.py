import numpy as np
import pytest

from mmlite.report import Curves, Line
from mmlite.report.charts import chart_of, shown_number, ticks_between


def points_of(chart, line=0):
    return np.array(
        [list(map(float, pair.split(','))) for pair in chart.lines[line].points.split()]
    )


def test_points_stand_where_their_values_are():
    x, y = [0, 5, 20], [1.0, 3.0, -1.0]
    chart = chart_of(Curves('a', lines=[Line('a', x, y)]))
    found = points_of(chart)
    low, high = chart.y_range
    assert found[:, 0] == pytest.approx([0, 250, 1000])
    assert high - found[:, 1] / 1000 * (high - low) == pytest.approx(y, abs=1e-2)
    assert low < -1 and high > 3


def test_a_thinned_line_keeps_its_ends_and_extremes():
    x = np.arange(20_000)
    y = np.sin(x / 700.0)
    y[12_345] = 9.0
    chart = chart_of(Curves('a', lines=[Line('a', x, y)]))
    found = points_of(chart)
    assert len(found) <= 602
    assert found[0, 0] == 0 and found[-1, 0] == 1000
    assert found[:, 1].min() == pytest.approx(40, abs=0.1)  # 4 % below the upper edge
    assert 'between -1 and 9' in chart.lines[0].summary


def test_what_is_no_number_is_left_out():
    line = Line('a', [1, 2, 3], [1.0, float('nan'), None])
    chart = chart_of(Curves('a', lines=[line]))
    assert chart.lines[0].single
    assert chart_of(Curves('a', lines=[Line('a', [], [])])) is None


@pytest.mark.parametrize(
    ('low', 'high'), [(0, 1), (-3.2, 17), (1e-5, 3e-4), (0, 1e7), (99.91, 99.96)]
)
def test_ticks_are_round_and_evenly_spaced(low, high):
    ticks = ticks_between(low, high)
    places = [tick.place for tick in ticks]
    assert 3 <= len(ticks) <= 7
    assert 0 <= min(places) and max(places) <= 100 + 1e-6
    assert np.ptp(np.diff(places)) < 1e-6
    texts = [tick.text for tick in ticks]
    assert len(set(texts)) == len(texts)
    factors = {'k': 1e3, 'M': 1e6}
    for place, text in zip(places, texts, strict=True):
        number = float(text.rstrip('kM')) * factors.get(text[-1], 1)
        assert number == pytest.approx(low + place / 100 * (high - low), rel=1e-6)


@pytest.mark.parametrize(
    ('value', 'ticks'),
    [(0.0, (0, 1)), (100.0, (0, 100)), (-3.0, (-3, 0))],
)
def test_what_never_changes_is_seen_over_zero(value, ticks):
    chart = chart_of(Curves('a', lines=[Line('a', [1, 2], [value, value])]))
    numbers = [float(tick.text) for tick in chart.y_ticks]
    assert (min(numbers), max(numbers)) == ticks


def test_zero_beside_small_numbers_is_short():
    assert [tick.text for tick in ticks_between(0, 2e-6)][0] == '0'


def test_numbers_as_a_person_reads_them():
    assert shown_number(float('nan')) == 'nan'
    assert shown_number(-12.0) == '-12'
    assert shown_number(12345.678) == '12,345.7'
