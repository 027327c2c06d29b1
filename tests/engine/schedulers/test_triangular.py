from __future__ import annotations

import numpy as np
import pytest
import torch
from support.training import toy_runner

from mmlite.engine import TriangularLR, TriangularParamScheduler
from mmlite.errors import ConfigError
from mmlite.registry import PARAM_SCHEDULERS


def sgd(*rates: float) -> torch.optim.SGD:
    groups = [dict(params=[torch.zeros(1)], lr=rate) for rate in rates]
    return torch.optim.SGD(groups, lr=1.0, momentum=0.5)


def values(scheduler, count: int) -> list[list[float]]:
    found = []
    for _ in range(count):
        found.append(scheduler.get_last_value())
        scheduler.optimizer.step()
        scheduler.step()
    return np.array(found).T.tolist()


@pytest.mark.parametrize('peak', [0, 0.23, 0.5, 1])
@pytest.mark.parametrize(('start', 'end'), [(0.2, 0.07), (0.0, 0.0), (1.0, 0.5)])
def test_the_values_lie_on_two_lines(peak, start, end):
    scheduler = TriangularLR(
        sgd(2.0, 0.1), start_factor=start, end_factor=end, peak=peak, end=40
    )
    corners = ([0, 40 * peak, 40], [start, 1, end])
    if peak == 0:
        corners = ([0, 40], [1, end])
    elif peak == 1:
        corners = ([0, 40], [start, 1])
    factors = np.interp(np.arange(40), *corners)
    first, second = values(scheduler, 40)
    assert first == pytest.approx(2.0 * factors)
    assert second == pytest.approx(0.1 * factors)


def test_nothing_changes_outside_its_steps():
    scheduler = TriangularLR(sgd(1.0), begin=2, end=6)
    (found,) = values(scheduler, 9)
    assert found == pytest.approx([1, 1, 0, 0.5, 1, 0.5, 0.5, 0.5, 0.5])


def test_any_setting_can_be_scheduled():
    optimizer = sgd(1.0)
    scheduler = TriangularParamScheduler(optimizer, 'momentum', peak=0, end=4)
    assert values(scheduler, 4)[0] == pytest.approx([0.5, 0.375, 0.25, 0.125])


def test_it_is_converted_to_iterations():
    cfg = dict(type='TriangularLR', start_factor=0.2, begin=1, end=3)
    converted = PARAM_SCHEDULERS.build(
        dict(cfg, optimizer=sgd(1.0), convert_to_iter_based=True, epoch_length=5)
    )
    direct = TriangularLR(sgd(1.0), start_factor=0.2, begin=5, end=15, by_epoch=False)
    assert values(converted, 16) == values(direct, 16)


def test_it_is_resumed_in_the_middle():
    one = TriangularLR(sgd(1.0), start_factor=0.2, end=10)
    values(one, 4)
    other = TriangularLR(sgd(1.0), start_factor=0.9, end=7)
    other.load_state_dict(one.state_dict())
    other.optimizer.load_state_dict(one.optimizer.state_dict())
    assert values(other, 6) == values(one, 6)


def test_the_runner_tells_where_it_ends(tmp_path):
    cfg = dict(type='TriangularLR', by_epoch=False, start_factor=0.5, peak=1 / 3)
    runner = toy_runner(tmp_path, param_scheduler=cfg)
    runner.train()
    history = runner.message_hub.get_scalar('train/lr').data[0]
    factors = np.interp(np.arange(15), [0, 5, 15], [0.5, 1, 0])
    assert history.tolist() == pytest.approx((0.1 * factors).tolist())


def test_wrong_arguments():
    with pytest.raises(
        ConfigError, match='peak must be a fraction of the steps, got 5'
    ):
        PARAM_SCHEDULERS.build(
            dict(type='TriangularLR', optimizer=sgd(1.0), peak=5, end=9)
        )
    with pytest.raises(ValueError, match='end is missing'):
        TriangularLR(sgd(1.0))
