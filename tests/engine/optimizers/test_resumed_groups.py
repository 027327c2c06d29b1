"""A schedule saved by mmengine, one group a parameter, goes on with joined groups."""

import pytest
from mmengine.optim import CosineAnnealingLR
from mmengine.optim import DefaultOptimWrapperConstructor as TheirConstructor
from torch import nn

from mmlite.engine.checkpoints.schedules import fitted_schedules
from mmlite.engine.optimizers.constructor import DefaultOptimWrapperConstructor


@pytest.mark.filterwarnings('ignore:Detected call of `scheduler.step')
def test_learning_rates_go_on_as_mmengines_do():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    cfg = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    theirs, ours = (
        constructor(dict(cfg), dict(bias_lr_mult=2.0))(net)
        for constructor in (TheirConstructor, DefaultOptimWrapperConstructor)
    )
    assert len(ours.param_groups) < len(theirs.param_groups)
    schedule, resumed = (
        CosineAnnealingLR(wrapper, T_max=10, by_epoch=False)
        for wrapper in (theirs, ours)
    )
    for _ in range(3):
        theirs.optimizer.step()
        schedule.step()
    ours.load_state_dict(theirs.state_dict())
    ((_, state),) = fitted_schedules([resumed], [schedule.state_dict()], 'a.pth')
    resumed.load_state_dict(state)
    for _ in range(3):
        schedule.step()
        ours.optimizer.step()
        resumed.step()
    rates, wanted = (
        {id(p): g['lr'] for g in wrapper.optimizer.param_groups for p in g['params']}
        for wrapper in (ours, theirs)
    )
    assert len(rates) == 4
    assert rates == pytest.approx(wanted)
