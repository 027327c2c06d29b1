"""Logged values, of bounded length."""

import copy

import pytest

from mmlite.engine.history import History


@pytest.mark.parametrize('length', [3, 100])
def test_histories_are_bounded(length):
    history = History(max_length=length)
    values = [float(i) for i in range(50)]
    for start in range(0, 50, 10):
        history.extend(values[start : start + 10])
    assert history.data[0].tolist() == values[-length:]
    assert history.mean(2) == 48.5
    history.update(7.0)  # mmengine's own
    assert history.current() == 7.0
    values = [*values, 7.0]
    assert history.data[0].tolist() == values[-length:]
    other = copy.deepcopy(history)
    for _ in range(20):
        history.extend([8.0, 9.0])
        other.extend([-1.0])
    assert history.data[0].tolist() == [*values, *[8.0, 9.0] * 20][-length:]
    assert other.data[0].tolist() == [*values, *[-1.0] * 20][-length:]


def test_counts_of_values_are_kept():
    history = History([2.0, 8.0], [1, 3])
    history.extend([4.0] * 5)
    assert history.data[1].tolist() == [1, 3, 1, 1, 1, 1, 1]
    assert history.mean() == 30 / 9
    assert history.mean(6) == 28 / 8
