"""Every schedule and optimizer goes on as if it had not been stopped.

Stopped are a training of mmlite and one of mmengine's own runner; both are gone on with
here. There is no dropout, and no noise on the data, as mmengine saves no random state.
"""

import pytest
import torch
from contracts.tiny import NO_TRAINING, OPTIMIZERS, SCHEDULERS, arguments_of
from mmengine.hooks import Hook
from mmengine.runner import Runner as TheirRunner
from support.training import ToyRunPoints, their_cfg, toy_runner

from mmlite import registry
from mmlite.registry import DATASETS

FLAVOURS = ('LR', 'Momentum', 'ParamScheduler', 'WeightDecay')
OURS = ('Triangular', 'CosineAnnealingWeightDecay')  # which mmengine lacks
DECAYING = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.05)
NOT_LR = [f for f in FLAVOURS if f != 'LR']


@DATASETS.register_module()
class ToyPlainPoints(ToyRunPoints):
    """Points without noise."""

    def __getitem__(self, index):
        return super().__getitem__(int(index))


class PowerCut(Hook):
    """Fails when the second epoch begins."""

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            raise OSError


class Values(Hook):
    """Notes a setting of the optimizer at each iteration."""

    def __init__(self, name):
        self.name, self.seen = name, []

    def before_train_iter(self, runner, **kwargs):
        groups = runner.optim_wrapper.param_groups
        self.seen.append([group[self.name] for group in groups])


def settings(**changes):
    def loader(size, shuffle):
        return dict(
            batch_size=8,
            num_workers=0,
            dataset=dict(type='ToyPlainPoints', size=size),
            sampler=dict(type='DefaultSampler', shuffle=shuffle),
        )

    return dict(
        # Before a norm, biases have gradients of rounding errors, which Adam blows up.
        model=dict(type='ToyRunModel', drop=0.0, norm=False),
        train_dataloader=loader(32, shuffle=True),
        val_dataloader=loader(8, shuffle=False),
        train_cfg=dict(by_epoch=True, max_epochs=2),
        **changes,
    )


def trained(work_dir, name='lr', cut=False, **changes):
    runner = toy_runner(work_dir, **settings(**changes))
    values = Values(name)
    runner.register_hook(values)
    if cut:
        runner.register_hook(PowerCut())
        with pytest.raises(OSError):
            runner.train()
    else:
        runner.train()
    return values.seen, runner.model.state_dict()


def their_cut(work_dir, **changes):
    cfg = their_cfg(work_dir, **settings(**changes))
    runner = TheirRunner.from_cfg(cfg)
    runner.register_hook(PowerCut())
    with pytest.raises(OSError):
        runner.train()


def assert_goes_on(tmp_path, name, *, theirs=True, **changes):
    straight, weights = trained(tmp_path / 'a', name, **changes)
    trained(tmp_path / 'b', name, cut=True, **changes)
    rest, resumed = trained(tmp_path / 'b', name, resume=True, **changes)
    assert rest == straight[len(straight) - len(rest) :] and len(rest) == 4
    for key, value in weights.items():
        assert torch.equal(resumed[key], value), key
    if not theirs:
        return
    their_cut(tmp_path / 'c', **changes)
    rest, resumed = trained(
        tmp_path / 'd',
        name,
        resume=True,
        load_from=str(tmp_path / 'c/epoch_1.pth'),
        **changes,
    )
    flat = [value for group in straight[-4:] for value in group]
    assert [v for group in rest for v in group] == pytest.approx(flat)
    for key, value in weights.items():
        torch.testing.assert_close(resumed[key], value, rtol=1e-4, atol=1e-5)


def schedulers(flavours):
    known = registry.PARAM_SCHEDULERS.names()
    return [n for n in known if any(n.endswith(f) for f in flavours)]


def check_schedule(name, tmp_path):
    flavour = next(f for f in FLAVOURS if name.endswith(f))
    arguments = arguments_of(name.removesuffix(flavour), SCHEDULERS, 'SCHEDULERS')
    cfg = dict(type=name, **arguments)
    watched = dict(Momentum='momentum', WeightDecay='weight_decay').get(flavour, 'lr')
    if flavour == 'ParamScheduler':
        cfg['param_name'] = 'lr'
    if name.startswith('OneCycle'):
        cfg['by_epoch'] = False
    assert_goes_on(
        tmp_path,
        watched,
        theirs=not name.startswith(OURS),
        optim_wrapper=dict(optimizer=DECAYING),
        param_scheduler=cfg,
    )


def test_every_schedule_is_tested():
    assert sorted(schedulers(FLAVOURS)) == registry.PARAM_SCHEDULERS.names()


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', schedulers(['LR']))
def test_a_learning_rate_goes_on(name, tmp_path):
    check_schedule(name, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', schedulers(NOT_LR))
def test_another_schedule_goes_on(name, tmp_path):
    check_schedule(name, tmp_path)


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize(
    'name', [n for n in registry.OPTIMIZERS.names() if n not in NO_TRAINING]
)
def test_an_optimizer_goes_on(name, tmp_path):
    optimizer = dict(type=name, **arguments_of(name, OPTIMIZERS, 'OPTIMIZERS'))
    optim_wrapper = dict(optimizer=optimizer)
    ours = ('Adafactor', 'Adan', 'LARS', 'Lamb', 'Muon')  # as mmengine has not
    theirs = name not in ours
    if name == 'Muon':
        optim_wrapper |= dict(
            constructor='MuonOptimWrapperConstructor',
            paramwise_cfg=dict(others=dict(type='SGD', lr=0.1, momentum=0.9)),
        )
    assert_goes_on(tmp_path, 'lr', theirs=theirs, optim_wrapper=optim_wrapper)
