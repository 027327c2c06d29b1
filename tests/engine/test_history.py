"""Logged values, of bounded length."""

import copy

import pytest
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from support.training import toy_runner

from mmlite.engine.history import History, history_of


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


def test_a_scalar_that_somebody_holds_on_to_stays_the_same():
    hub = MessageHub('held')
    hub.update_scalar('train/mine', 1.0)
    held = hub.get_scalar('train/mine')
    held.update(2.0)
    assert history_of(hub, 'train/mine') is held is hub.get_scalar('train/mine')
    held.update(3.0)
    hub.update_scalar('train/mine', 4.0)
    assert held.data[0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert held.max_length == 1_000_000


class Scalars(Hook):
    """Logs a scalar of its own, and counts; reads what others log."""

    def before_train(self, runner):
        runner.message_hub.update_scalar('train/mine', 0.0)
        self.mine = runner.message_hub.get_scalar('train/mine')

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.mine.update(float(batch_idx))
        runner.message_hub.update_scalar('train/count', 64)


def test_scalars_of_a_hook(tmp_path):
    scalars = Scalars()
    runner = toy_runner(tmp_path)
    runner.register_hook(scalars)
    runner.train()
    hub = runner.message_hub
    assert len(hub.get_scalar('train/mine').data[0]) == runner.iter + 1
    assert hub.get_scalar('train/mine') is scalars.mine
    assert str(hub.get_scalar('train/count').current()) == '64'  # not 64.0
    for key in ('train/loss', 'train/lr', 'train/time'):
        assert len(hub.get_scalar(key).data[0]) == runner.iter
