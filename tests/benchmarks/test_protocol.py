"""Figures are put together as the table says."""

from __future__ import annotations

import pytest


def test_sides_take_turns():
    from protocol import take_turns

    calls = []

    def side(name, result):
        def run():
            calls.append(name)
            return result

        return run

    rounds = take_turns(dict(a=side('a', 3.0), b=side('b', 2.0)), rounds=3, warmup=1)
    assert ''.join(calls) == 'abababab'
    assert rounds == dict(a=[3.0] * 3, b=[2.0] * 3)


def test_ratios_are_those_of_each_round():
    from protocol import Rounds

    rounds = Rounds(a=[3.0, 8.0], b=[2.0, 4.0], zero=[1.0, 2.0])
    assert rounds.ratio('a', 'b') == [1.5, 2.0]
    assert rounds.ratio('a', 'b', base='zero') == [2.0, 3.0]
    assert rounds.medians == dict(a=5.5, b=3.0, zero=1.5)


def test_figures_have_units():
    from protocol import Rounds

    assert Rounds(a=[2e-6], b=[0.0123]).times == 'a 2 us, b 12.3 ms'
    assert Rounds(a=[0.5]).rates(images=1000) == 'a 2,000 img/s'


@pytest.mark.parametrize(
    ('sign', 'ratio', 'met'),
    [('<=', 1.0, True), ('<=', 1.2, False), ('>=', 1.2, True), ('>=', 1.0, False)],
)
def test_goals(sign, ratio, met):
    from protocol import Goal, Line

    assert Line('C1', 'this', Goal(sign, 1.1), [ratio]).met is met


def test_the_median_counts():
    from protocol import Goal, Line, row

    line = Line('C1', 'this over that', Goal('<=', 1.5), [1.0, 9.0, 2.0], 'a note')
    assert line.ratio == 2.0
    cells = [cell.strip() for cell in row(line).split('\n')[0].split('|')]
    assert cells == ['C1', 'this over that', '2.00', '<= 1.5', '1.00-9.00', 'NO']
    assert row(line).endswith('a note')


def test_what_cannot_be_measured_says_why():
    from protocol import Goal, Line, row

    line = Line('C4', 'this', Goal('>=', 8), note='peer absent')
    assert line.ratio is None and line.met is None
    assert 'peer absent' in row(line)


def test_a_fifth_lies_below():
    from protocol import percentile_20

    assert percentile_20(range(100, 0, -1)) == 21


def test_steps_between_moments():
    from protocol import differences

    assert differences([0.0, 1.0, 3.0, 7.0]) == [1.0, 2.0, 4.0]
    assert differences([0.0, 1.0, 4.0, 9.0, 16.0], stride=2) == [2.0, 6.0]


def test_the_time_that_spans_cover():
    from idle import covered

    assert covered([(5, 6), (0, 2), (1, 3), (1.5, 2.5)]) == 4
