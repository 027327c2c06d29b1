"""A warm-up ends at the learning rate of the optimizer, however short it is."""

import pytest
import torch
from mmengine.optim import LinearLR as EngineLinearLR

from mmlite.engine.schedulers import LinearLR, LinearMomentum, linear


def sgd(lr=1.0):
    return torch.optim.SGD([torch.zeros(1)], lr=lr, momentum=0.8)


def rates(scheduler, steps, name='lr'):
    found = []
    for _ in range(steps):
        found.append(scheduler.optimizer.param_groups[0][name])
        scheduler.optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize('end', [2, 3, 7])
def test_as_mmengine_where_there_is_more_than_one_step(end):
    settings = dict(start_factor=0.01, begin=1, end=end, by_epoch=False)
    expected = rates(EngineLinearLR(sgd(0.5), **settings), 9)
    if end == 2:  # one step: mmengine stays at a hundredth
        assert expected[-1] == pytest.approx(0.005)
        expected = [0.5] * 9
    assert rates(LinearLR(sgd(0.5), **settings), 9) == pytest.approx(expected)


def test_one_step_is_at_its_end_and_says_so(monkeypatch):
    messages = []
    monkeypatch.setattr(
        linear, 'print_log', lambda *args, **_: messages.append(args[0])
    )
    schedule = LinearLR(sgd(0.5), start_factor=0.01, end=1)
    assert rates(schedule, 3) == [0.5] * 3
    (message,) = messages
    assert 'LinearLR has one step, epoch 0' in message
    assert 'start_factor=0.01 to end_factor=1.0' in message


def test_one_epoch_of_one_iteration():
    schedule = LinearLR.build_iter_from_epoch(
        sgd(0.5), start_factor=0.01, end=1, epoch_length=1
    )
    assert not schedule.by_epoch
    assert rates(schedule, 3) == [0.5] * 3


def test_momentum_falls():
    schedule = LinearMomentum(sgd(), start_factor=1.0, end_factor=0.5, end=3)
    expected = [0.8, 0.6, 0.4, 0.4]
    assert rates(schedule, 4, 'momentum') == pytest.approx(expected)


def test_no_way_leads_away_from_zero():
    with pytest.raises(ValueError, match='start_factor must be positive, .* got 0'):
        LinearLR(sgd(), start_factor=0, end=5)
