import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OneCycleLR

from mmlite.config import advise_one_cycle, check_one_cycle

EPOCHS, ITERS = dict(by_epoch=True, max_epochs=4), dict(by_epoch=False, max_iters=40)


def found(check, train_cfg, iterations=None, **cycle):
    cycle = dict(type='OneCycleLR', eta_max=0.1) | cycle
    cfg = Config(dict(train_cfg=train_cfg, param_scheduler=cycle))
    return {problem.path: problem.message for problem in check(cfg, iterations)}


@pytest.mark.parametrize(
    ('train_cfg', 'iterations', 'cycle', 'steps'),
    [
        (ITERS, None, dict(total_steps=39, by_epoch=False), 40),
        (EPOCHS, 12, dict(total_steps=11, by_epoch=False), 12),
        (EPOCHS, None, dict(total_steps=3), 4),
        (EPOCHS, 12, dict(total_steps=3, begin=2, by_epoch=False), 10),
    ],
)
def test_a_cycle_that_is_over_before_the_training(train_cfg, iterations, cycle, steps):
    ((path, message),) = found(check_one_cycle, train_cfg, iterations, **cycle).items()
    assert path == 'param_scheduler.total_steps'
    assert f'the training has {steps} ' in message
    assert message.endswith(f'set param_scheduler.total_steps={steps}')


@pytest.mark.parametrize(
    ('train_cfg', 'iterations', 'cycle'),
    [
        (ITERS, None, dict(total_steps=40, by_epoch=False)),
        (ITERS, None, dict(total_steps=10, end=10, by_epoch=False)),
        (EPOCHS, None, dict(total_steps=3, by_epoch=False)),  # not known yet
    ],
)
def test_a_cycle_of_the_length_of_the_training(train_cfg, iterations, cycle):
    assert found(check_one_cycle, train_cfg, iterations, **cycle) == {}
    assert found(advise_one_cycle, train_cfg, iterations, **cycle) == {}


def test_a_cycle_that_the_training_sees_no_end_of():
    cycle = dict(total_steps=400, by_epoch=False)
    (message,) = found(advise_one_cycle, ITERS, **cycle).values()
    assert 'ends amid the cycle' in message
    assert found(advise_one_cycle, ITERS, total_steps=41, by_epoch=False) == {}


@pytest.mark.parametrize('steps', [3, 4])
def test_mmengine_goes_as_far_as_the_check_says(steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = OneCycleLR(optimizer, eta_max=0.1, total_steps=3)
    optimizer.step()
    refused = found(check_one_cycle, dict(EPOCHS, max_epochs=steps), total_steps=3)
    for _ in range(3):
        schedule.step()
    if steps == 3:
        assert not refused
    else:
        assert refused
        with pytest.raises(ValueError, match='total steps is 3'):
            schedule.step()
